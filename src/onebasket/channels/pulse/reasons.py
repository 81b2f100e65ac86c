"""Why an order stands where it does, in the language of the page: orders keep the sentence in English."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

SENTENCES = (
    gettext_noop("%(place)s was the only place considered and serves it whole"),
    gettext_noop("%(place)s comes first and serves it whole"),
    gettext_noop("%(place)s is the first that serves it whole; short before it: %(before)s"),
    gettext_noop("no place asked has all of it; %(place)s is the first with any"),
    gettext_noop("the shopper chose %(place)s, which has all of it"),
)
"""As sourcing and the checkout write them."""

_NAMED = re.compile(r"%\\\((\w+)\\\)s")


def _reading(sentence: str) -> re.Pattern[str]:
    return re.compile(_NAMED.sub(lambda found: f"(?P<{found[1]}>.+)", re.escape(sentence)))


_READINGS = tuple((sentence, _reading(sentence)) for sentence in SENTENCES)


def why(kept: str) -> str:
    """Say a kept sentence in the language of the page; one that we do not know is shown as it is kept."""
    for sentence, reading in _READINGS:
        if found := reading.fullmatch(kept):
            return _(sentence) % found.groupdict()
    return kept
