"""How a partner of files is told of our click: a template for the address at which its page is opened.

`{url}` is the offer's own address, `{click}` our click id, both encoded; `{plain}` at the beginning is the address as
it stands, to which parameters are added.
"""

import re
from urllib.parse import quote, urlsplit, urlunsplit

PLAIN = "{plain}"
_ADDED = re.compile(r"\{plain\}[?&][^?#{}\s]+=\{click\}")
_WRITTEN_OUT = re.compile(r"https?://[A-Za-z0-9.-]*[A-Za-z0-9](:\d{1,5})?[/?]\S*")
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")


def template_problem(template: str) -> str:
    """Say what is wrong with a template and how to write it; nothing where it is fit."""
    if unknown := sorted(set(_BRACES.findall(template)) - {"{url}", "{click}", PLAIN}):
        return f"{unknown[0]} means nothing. Use {{url}}, {{click}} and {{plain}}."
    if "{click}" not in template:
        return "it lacks {click}, without which no purchase can be told to be referred."
    if template.startswith(PLAIN):
        return "" if _ADDED.fullmatch(template) else "after {plain} comes one parameter, such as {plain}?ref={click}."
    if not _WRITTEN_OUT.fullmatch(template):
        return "it begins with https:// and a host that is written out, or with {plain}; it holds no spaces."
    if "{url}" not in template or PLAIN in template:
        return "it lacks {url}, so that every link would lead to the same page."
    return ""


def make_link(template: str, *, url: str, click: str) -> str:
    """Return the address for an offer; without a template its own."""
    if not template:
        return url
    if not template.startswith(PLAIN):
        return template.replace("{url}", quote(url, safe="")).replace("{click}", quote(click, safe=""))
    parts = urlsplit(url)
    added = template[len(PLAIN) + 1 :].replace("{click}", quote(click, safe=""))
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))
