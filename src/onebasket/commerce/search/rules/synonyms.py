"""What means the same, as data: the phrases of synonyms.txt beside this file, and of an installation's own file."""

from collections.abc import Iterable, Mapping
from importlib.resources import files

from onebasket.commerce.search.rules.words import stems_of, telling, tokens_of

Phrase = tuple[str, ...]
"""Stems, in order."""
Synonyms = Mapping[Phrase, tuple[Phrase, ...]]
LONGEST_PHRASE = 4
_COMMENT, _ONE_WAY = "#", ">"


def parse_synonyms(text: str) -> dict[Phrase, tuple[Phrase, ...]]:
    """Read lines such as `soda, soft drink` (both ways) and `pop > soft drink` (one way); # begins a comment.

    A phrase of more than four words, and one that says nothing, is left out.
    """
    found: dict[Phrase, list[Phrase]] = {}
    for line in text.splitlines():
        left, way, right = line.partition(_COMMENT)[0].partition(_ONE_WAY)
        said, meant = _phrases(left), _phrases(right)
        for phrase in said:
            others = [other for other in [*said, *meant] if other != phrase] if way or len(said) > 1 else []
            known = found.setdefault(phrase, [])
            known += [other for other in others if other not in known]
    return {phrase: tuple(others) for phrase, others in found.items() if others}


def merged(first: Synonyms, second: Synonyms) -> dict[Phrase, tuple[Phrase, ...]]:
    """Return the synonyms of both."""
    both = dict(first)
    for phrase, others in second.items():
        both[phrase] = tuple(dict.fromkeys((*both.get(phrase, ()), *others)))
    return both


def _phrases(text: str) -> list[Phrase]:
    phrases = (tuple(stems_of(telling(tokens_of(part)))) for part in text.split(","))
    return list(_short(phrases))


def _short(phrases: Iterable[Phrase]) -> Iterable[Phrase]:
    return (phrase for phrase in phrases if 0 < len(phrase) <= LONGEST_PHRASE)


BUILT_IN: Synonyms = parse_synonyms(
    files("onebasket.commerce.search.rules").joinpath("synonyms.txt").read_text(encoding="utf-8")
)
"""The synonyms that every installation has."""
