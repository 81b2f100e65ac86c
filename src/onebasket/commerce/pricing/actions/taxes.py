"""Set and end taxes, say how they are reckoned, and of which class goods are."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import msgspec

from onebasket.base import bulk, outbox
from onebasket.base.columns import Row, as_instant
from onebasket.commerce.access.actions.intake import take_in
from onebasket.commerce.access.rules import CREATED, EVERY_PLACE, UNCHANGED, UPDATED, ItemOutcome, invalid
from onebasket.commerce.catalogue.queries import products_by_sku
from onebasket.commerce.places.queries import places_by_code
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.actions.revision import renew_revision
from onebasket.commerce.pricing.models import Tax, TaxClass, TaxTerms
from onebasket.commerce.pricing.models.taxes import SUBJECTS
from onebasket.commerce.pricing.rules.book import Span, cut, lay
from onebasket.commerce.pricing.rules.messages import (
    ROUNDING_NUMBERS,
    TaxChanged,
    TaxClassChanged,
    TaxClassItem,
    TaxEnd,
    TaxEnded,
    TaxItem,
    TaxTermsChanged,
    TaxTermsItem,
)
from onebasket.commerce.pricing.rules.taxes import tax_problem
from onebasket.kernel.money import PPM

BOOK = "taxes"
_NAMES = (
    "code", "tax_class", "place", "rate", "valid_from", "valid_to", "version", "recorded_at", "superseded_at",
)  # fmt: skip
_TERMS = (
    "place", "valid_from", "included", "rounding", "cash_step", "version", "recorded_at", "superseded_at",
)  # fmt: skip
_SUBJECT = {name: number for number, name in SUBJECTS}
Label = tuple[str, str, int | None]
"""Which tax: code, class, place id or None for the chain."""


@dataclass(slots=True)
class _Book:
    """The taxes that a batch names: the rows that stood, and the spans as the batch leaves them."""

    places: dict[str, PlaceFacts]
    held: dict[Label, tuple[Span, ...]] = field(default_factory=dict)
    spans: dict[Label, tuple[Span, ...]] = field(default_factory=dict)
    versions: dict[Label, int] = field(default_factory=dict)
    laid: list[tuple[Label, Span]] = field(default_factory=list)


_Take = Callable[[_Book, TaxItem | TaxEnd, datetime], tuple[ItemOutcome, list[outbox.News]]]
"""How an item changes the book: what becomes of it, and what is told."""


def set_taxes(source_id: int, items: Sequence[TaxItem]) -> list[ItemOutcome]:
    """Set rates of taxes, one transaction for the batch; return one outcome for each item, in order.

    Each takes its span of validity from what was said of it before, as prices do; no row is ever overwritten.
    """
    return take_in("tax", source_id, items, book=BOOK, decide=partial(_rates, take=_lay))


def end_taxes(source_id: int, items: Sequence[TaxEnd]) -> list[ItemOutcome]:
    """End taxes at an instant, future versions too; outcomes as `set_taxes` gives them."""
    return take_in("tax.end", source_id, items, book=BOOK, decide=partial(_rates, take=_cut))


def set_tax_terms(source_id: int, items: Sequence[TaxTermsItem]) -> list[ItemOutcome]:
    """Say from when on how taxes are reckoned, one transaction for the batch; outcomes as `set_taxes` gives them."""
    return take_in("tax_terms", source_id, items, book=BOOK, decide=_set_terms)


def set_tax_classes(source_id: int, items: Sequence[TaxClassItem]) -> list[ItemOutcome]:
    """Say of which class goods are for tax, one transaction for the batch; outcomes as `set_taxes` gives them."""
    return take_in("tax_class", source_id, items, book=BOOK, decide=_set_classes)


def _rates(items: Sequence[TaxItem | TaxEnd], now: datetime, *, take: _Take) -> list[ItemOutcome]:
    book = _load(items)
    outcomes, news = [], []
    for item in items:
        problem = tax_problem(item) or _place_problem(item.place, book.places)
        if problem:
            outcomes.append(invalid(problem))
            continue
        outcome, told = take(book, item, now)
        outcomes.append(outcome)
        news += told
    _write(book, now)
    outbox.record(news)
    return outcomes


def _lay(book: _Book, item: TaxItem | TaxEnd, now: datetime) -> tuple[ItemOutcome, list[outbox.News]]:
    assert isinstance(item, TaxItem)  # noqa: S101 - what `set_taxes` hands on
    label = _label(item, book)
    ends = None if item.valid_to is None else item.valid_to.astimezone(UTC)
    # A rate is an amount per million of what it is on: the price book's spans carry it as they do a price.
    new = Span(item.valid_from.astimezone(UTC), ends, item.rate, PPM, book.versions.get(label, 0) + 1)
    spans = lay(book.spans.get(label, ()), new)
    if spans is None:
        return UNCHANGED, []
    outcome = UPDATED if label in book.versions else CREATED
    book.spans[label], book.versions[label] = spans, new.version
    book.laid.append((label, new))
    data = TaxChanged(item.code, item.tax_class, item.place, item.rate, new.valid_from, new.valid_to, new.version)
    return outcome, [_told("tax.changed", item, data, now)]


def _cut(book: _Book, item: TaxItem | TaxEnd, now: datetime) -> tuple[ItemOutcome, list[outbox.News]]:
    assert isinstance(item, TaxEnd)  # noqa: S101 - what `end_taxes` hands on
    label, ends_at = _label(item, book), item.ends_at.astimezone(UTC)
    spans = book.spans.get(label, ())
    left = cut(spans, ends_at, None)
    if left == spans:
        return UNCHANGED, []
    book.spans[label] = left
    return UPDATED, [_told("tax.ended", item, TaxEnded(item.code, item.tax_class, item.place, ends_at), now)]


def _told(kind: str, item: TaxItem | TaxEnd, data: msgspec.Struct, now: datetime) -> outbox.News:
    subject = f"tax/{item.code}/{item.place}" if item.place else f"tax/{item.code}"
    return outbox.News(kind, subject, now, msgspec.json.encode(data).decode(), place_code=item.place)


def _label(item: TaxItem | TaxEnd, book: _Book) -> Label:
    return item.code, item.tax_class, book.places[item.place].id if item.place else None


def _place_problem(code: str, places: dict[str, PlaceFacts]) -> str:
    return "" if not code or code in places else f"place: there is no place {code!r}. Load the place first."


def _known_places(codes: Iterable[str]) -> dict[str, PlaceFacts]:
    named = {code for code in codes if code}
    return places_by_code(named) if named else {}


def _load(items: Sequence[TaxItem | TaxEnd]) -> _Book:
    """Read places, the last versions and the rows that stand, of the codes that a batch names: three statements."""
    book = _Book(_known_places(item.place for item in items))
    codes = bulk.list_parameter({item.code for item in items})
    book.versions = {
        (code, tax_class, place): version
        for code, tax_class, place, version in bulk.fetch(
            f"SELECT code, tax_class, place_id, MAX(version) FROM pricing_tax WHERE {bulk.in_list('code')} "  # noqa: S608
            "GROUP BY code, tax_class, place_id",
            [codes],
        )
    }
    rows = bulk.fetch(
        "SELECT code, tax_class, place_id, valid_from, valid_to, rate, version, id FROM pricing_tax "  # noqa: S608
        f"WHERE superseded_at IS NULL AND {bulk.in_list('code')} ORDER BY valid_from",
        [codes],
    )
    found: dict[Label, list[Span]] = {}
    for code, tax_class, place, valid_from, valid_to, rate, version, identity in rows:
        span = Span(as_instant(valid_from), as_instant(valid_to), rate, PPM, version, identity)  # type: ignore[arg-type] # never null
        found.setdefault((code, tax_class, place), []).append(span)
    book.held = {label: tuple(spans) for label, spans in found.items()}
    book.spans = dict(book.held)
    return book


def _write(book: _Book, now: datetime) -> None:
    """Supersede the rows that stand no more, then insert those that do; a rate that was laid is always kept."""
    superseded: list[Row] = []
    fresh: list[Row] = []
    kept: set[tuple[Label, Span]] = set()
    for label, spans in book.spans.items():
        standing = {span.id for span in spans}
        superseded += [(span.id, now) for span in book.held.get(label, ()) if span.id not in standing]
        new = [span for span in spans if not span.id]
        fresh += [_row(label, span, now, superseded_at=None) for span in new]
        kept.update((label, span) for span in new)
    fresh += [_row(label, span, now, superseded_at=now) for label, span in book.laid if (label, span) not in kept]
    if not fresh and not superseded:
        return
    bulk.update_guarded(Tax, ("id",), ("superseded_at",), sorted(superseded))
    bulk.insert(Tax, _NAMES, fresh)
    renew_revision()


def _row(label: Label, span: Span, now: datetime, *, superseded_at: datetime | None) -> Row:
    return (*label, span.amount, span.valid_from, span.valid_to, span.version, now, superseded_at)


def _set_terms(items: Sequence[TaxTermsItem], now: datetime) -> list[ItemOutcome]:
    places = _known_places(item.place for item in items)
    held = {
        (place, as_instant(valid_from)): (identity, version, (bool(included), rounding, cash_step))
        for identity, place, valid_from, version, included, rounding, cash_step in bulk.fetch(
            "SELECT id, place_id, valid_from, version, included, rounding, cash_step FROM pricing_taxterms "
            "WHERE superseded_at IS NULL"
        )
    }
    standing: dict[tuple[int | None, datetime], tuple[int, Row]] = {}
    outcomes, news = [], []
    for item in items:
        if problem := tax_problem(item) or _place_problem(item.place, places):
            outcomes.append(invalid(problem))
            continue
        begins = item.valid_from.astimezone(UTC)
        label = (places[item.place].id if item.place else None, begins)
        stated = (item.included, ROUNDING_NUMBERS[item.rounding], item.cash_step)
        known = standing.get(label) or (held[label][1:] if label in held else None)
        if known and known[1] == stated:
            outcomes.append(UNCHANGED)
            continue
        standing[label] = (known[0] + 1 if known else 1, stated)
        outcomes.append(UPDATED if known else CREATED)
        data = TaxTermsChanged(item.place, begins, item.included, item.rounding, item.cash_step)
        news.append(_terms_told(item.place, data, now))
    if standing:
        bulk.update_guarded(
            TaxTerms, ("id",), ("superseded_at",), sorted((held[label][0], now) for label in standing if label in held)
        )
        rows = [(*label, *stated, version, now, None) for label, (version, stated) in standing.items()]
        bulk.insert(TaxTerms, _TERMS, rows)
        renew_revision()
    outbox.record(news)
    return outcomes


def _terms_told(place: str, data: TaxTermsChanged, now: datetime) -> outbox.News:
    subject = f"tax_terms/{place or EVERY_PLACE}"
    return outbox.News("tax_terms.changed", subject, now, msgspec.json.encode(data).decode(), place_code=place)


def _set_classes(items: Sequence[TaxClassItem], now: datetime) -> list[ItemOutcome]:
    known = products_by_sku({item.sku for item in items if item.sku})
    subjects = [_subject(item) for item in items]
    held = {
        (subject, name): tax_class
        for subject, name, tax_class in bulk.fetch(
            f"SELECT subject, name, tax_class FROM pricing_taxclass WHERE {bulk.in_list('name')}",  # noqa: S608
            [bulk.list_parameter({name for _, name in subjects if name})],
        )
    }
    stated = dict(held)
    outcomes, news = [], []
    for item, subject in zip(items, subjects, strict=True):
        if not subject[1]:
            outcomes.append(invalid("sku: name a sku, a category or a department: one of the three."))
        elif item.sku and item.sku not in known:
            outcomes.append(invalid(f"sku: there is no product {item.sku!r}. Load the product first."))
        elif stated.get(subject, "") == item.tax_class:
            outcomes.append(UNCHANGED)
        else:
            outcomes.append(UPDATED if subject in stated else CREATED)
            stated[subject] = item.tax_class
            data = TaxClassChanged(item.sku, item.category, item.department, item.tax_class)
            told = msgspec.json.encode(data).decode()
            news.append(outbox.News("tax_class.changed", f"tax_class/{_words(subject)}"[:160], now, told))
    changed = {subject: name for subject, name in stated.items() if held.get(subject) != name}
    if changed:
        fresh = sorted(changed.keys() - held.keys())
        bulk.insert(TaxClass, ("subject", "name", "tax_class", "recorded_at"), [(*s, changed[s], now) for s in fresh])
        rows = [(*subject, changed[subject], now) for subject in sorted(changed.keys() & held.keys())]
        bulk.update_guarded(TaxClass, ("subject", "name"), ("tax_class", "recorded_at"), rows)
        renew_revision()
    outbox.record(news)
    return outcomes


def _subject(item: TaxClassItem) -> tuple[int, str]:
    named = [(name, getattr(item, name)) for name in ("sku", "category", "department") if getattr(item, name)]
    if len(named) != 1:
        return 0, ""
    (kind, name), numbers = named[0], {**_SUBJECT, "sku": _SUBJECT["product"]}
    return numbers[kind], name


def _words(subject: tuple[int, str]) -> str:
    return f"{dict(SUBJECTS)[subject[0]]}/{subject[1]}"
