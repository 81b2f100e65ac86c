"""Countries by their codes (ISO 3166 alpha-2, as the CLDR lists them), named in the language of the page."""

from functools import lru_cache

from babel import Locale

from onebasket.front import formats

_LETTERS = 2
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


def territories() -> dict[str, str]:
    """Return the names of countries by code."""
    return _named(str(formats.locale()))


def countries() -> list[tuple[str, str]]:
    """Return (code, name) of every country, by name."""
    return sorted(territories().items(), key=lambda one: one[1])


@lru_cache(maxsize=8)
def _named(locale: str) -> dict[str, str]:
    names = Locale.parse(locale).territories
    return {
        code: name
        for code, name in names.items()
        if len(code) == _LETTERS and code.isalpha() and code not in _NO_COUNTRIES
    }
