"""What somebody who types may mean: kinds of products and categories, by what sells."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from onebasket.commerce.places.queries import places_by_id
from onebasket.commerce.search.queries.asking import Asked
from onebasket.commerce.search.queries.index import newest_snapshot
from onebasket.commerce.search.rules.messages import SearchQuery, Suggested, Suggestion
from onebasket.commerce.search.rules.reading import read_text
from onebasket.commerce.search.rules.words import LONGEST_TEXT, stem, stems_of, tokens_of

MOST_SUGGESTED: Final = 20
_MOST_CATEGORIES: Final = 3
_LOOKED_AT: Final = 8


def suggest(text: str, *, place_id: int = 0, limit: int = 8) -> Suggested:
    """Return what a text that is being typed may mean, likeliest first; at most three statements.

    At a place only what is there counts. Nothing is suggested for an empty text.

    Raises:
        IndexMissingError: there is no index yet.
    """
    plain = text.replace("\x00", " ").encode("utf-8", "ignore").decode()[:LONGEST_TEXT]
    snapshot = newest_snapshot()
    reading = read_text(plain, synonyms=snapshot.synonyms, vocabulary=snapshot.vocabulary)
    if not reading.slots:
        return Suggested()
    query = SearchQuery(text=plain, place_id=place_id, available_only=bool(place_id))
    place = places_by_id([place_id]).get(place_id) if place_id else None
    asked = Asked(snapshot, query, place, "")
    fields = {field: _by_sales(field) for field in ("label", "category")}
    counted = snapshot.searcher.aggregate(asked.narrowed(asked.text(reading)), fields)
    said = tokens_of(reading.mended or plain)
    kinds = _told(counted["label"], "product")
    fitting = [one for one in kinds if _begins(one.text, said)] or kinds
    categories = [one for one in _told(counted["category"], "category") if _begins(one.text, said)]
    most = min(max(limit, 1), MOST_SUGGESTED)
    kept = categories[: min(_MOST_CATEGORIES, most - 1)]
    return Suggested((*fitting[: most - len(kept)], *kept), reading.mended)


def _by_sales(field: str) -> dict[str, Any]:
    return {
        "terms": {"field": field, "size": _LOOKED_AT * MOST_SUGGESTED, "order": {"sales": "desc"}},
        "aggs": {"sales": {"sum": {"field": "weight"}}},
    }


def _told(found: Mapping[str, Any], kind: Literal["product", "category"]) -> list[Suggestion]:
    return [Suggestion(bucket["key"], kind, bucket["doc_count"]) for bucket in found["buckets"] if bucket["key"]]


def _begins(text: str, said: Sequence[str]) -> bool:
    """Whether each word said is a word of the text, or the beginning of one."""
    words = tokens_of(text)
    stems = set(stems_of(words))
    return all(stem(one) in stems or any(word.startswith(one) for word in words) for one in said)
