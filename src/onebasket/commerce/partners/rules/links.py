"""Where a link to a partner's page leads: the offer's own address as it is kept, with our click id in it.

Never anywhere else: the address and what is made of it must lie at a host that the partner's option `hosts` names.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote, urlsplit

import msgspec

HOSTS = "hosts"
"""The option that names the hosts of a partner's pages, apart by spaces or commas.

`shop.example` is that host over https, `.shop.example` each below it; `http://127.0.0.1:8090` one address as it stands,
for partners within one's own network. Where it is not stated, the partner's pages are where its platform is asked.
"""
TEMPLATE = "link_template"
"""The option that says how a link is made: `{url}` is the offer's address and `{click}` our click id, both encoded.

`{plain}?name={click}` adds a parameter to the offer's own address.
"""
_PLAIN = "{plain}"
PARAMETER = "click_parameter"
"""The option that names the parameter in which the partner's pages take our click id, where there is no template."""
PARAMETERS = {"iop": "dp"}
"""The parameter of gateways whose pages take one."""
_AMBIGUOUS = frozenset(' \\"<>^`{|}')
LONGEST = 2_000
"""Characters of an address that browsers and partners are sure to take."""


class NoWay(StrEnum):
    """Why a link leads to no partner's page."""

    UNKNOWN = "unknown"
    GONE = "gone"
    NOT_REFERRED = "not_referred"
    NO_ADDRESS = "no_address"
    FOREIGN = "foreign"


class LinkTarget(msgspec.Struct, frozen=True):
    """An offer as a link needs it. `refers`: an agreement holds by which shoppers may be sent to the partner."""

    offer_id: int
    reference: str
    url: str
    gone: bool
    partner_id: int
    partner: str
    gateway: str
    options: Mapping[str, str]
    refers: bool
    endpoint: str = ""


def land(target: LinkTarget | None, click: str) -> str | NoWay:
    """Return the address that a link leads to, with the click id in it (none: the plain address), or why there is none.

    FOREIGN: the offer's address, or what the template makes of it, lies at no host that the partner has named.
    """
    if target is None:
        return NoWay.UNKNOWN
    if not target.refers:
        return NoWay.NOT_REFERRED
    if target.gone:
        return NoWay.GONE
    if not target.url:
        return NoWay.NO_ADDRESS
    hosts = _hosts(target.options.get(HOSTS, "") or _origin(target.endpoint))
    address = _with_click(target, click) if click else target.url
    # A parameter more leads nowhere else; a template may, and what is put into it is looked at as well.
    is_ours = is_within(address, hosts) and (not target.options.get(TEMPLATE) or is_within(target.url, hosts))
    return address if is_ours else NoWay.FOREIGN


def is_within(address: str, hosts: frozenset[str]) -> bool:
    """Whether an address is plain https (or exactly as named) at one of the hosts.

    Anything in it that one reader could take otherwise than another is refused: other characters than visible ASCII,
    backslashes, a user, a port of its own.
    """
    if (
        not address.isascii()
        or not address.isprintable()
        or len(address) > LONGEST
        or set(address) & set(' \\"<>^`{|}')
    ):
        return False
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    if not host or "@" in parts.netloc or not address.startswith(f"{parts.scheme}://{parts.netloc}"):
        return False
    if f"{parts.scheme}://{parts.netloc}".lower() in hosts:
        return parts.scheme in {"http", "https"}
    if parts.scheme != "https" or port not in {None, 443}:
        return False
    labels = host.split(".")
    return host in hosts or any("." + ".".join(labels[start:]) in hosts for start in range(1, len(labels)))


def _origin(endpoint: str) -> str:
    """Return scheme and host of an address, as they are named in the option."""
    return "/".join(endpoint.split("/")[:3])


@lru_cache(maxsize=256)
def _hosts(stated: str) -> frozenset[str]:
    return frozenset(stated.lower().replace(",", " ").split())


def _with_click(target: LinkTarget, click: str) -> str:
    template, value = target.options.get(TEMPLATE, ""), quote(click, safe="")
    if template and not template.startswith(_PLAIN):
        return _filled(template, {"{url}": quote(target.url, safe=""), "{click}": value})
    name = target.options.get(PARAMETER, "") or PARAMETERS.get(target.gateway, "")
    if template:
        name = template[len(_PLAIN) + 1 :].partition("=")[0]
    return _with_parameter(target.url, quote(name, safe=""), value) if name else target.url


def _filled(template: str, filled: Mapping[str, str]) -> str:
    """Fill a template in one go: what is put in is not looked through again."""
    found, rest = "", template
    while rest:
        starts = {rest.find(word): word for word in filled if word in rest}
        if not starts:
            return found + rest
        first = min(starts)
        found += rest[:first] + filled[starts[first]]
        rest = rest[first + len(starts[first]) :]
    return found


def _with_parameter(url: str, name: str, value: str) -> str:
    """Put a parameter into an address, in place of one of that name; the rest stays as it was written."""
    address, hash_, fragment = url.partition("#")
    path, _, query = address.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] != name]
    return f"{path}?{'&'.join([*kept, f'{name}={value}'])}{hash_}{fragment}"
