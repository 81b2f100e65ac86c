"""What offers come to when they are bought: parts by partner, tax, shipping, cost, commission; to the cent."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.orders.rules.offering import (
    BasketOffer,
    OfferChange,
    OfferNow,
    OfferWanted,
    agree,
    refusal,
    what_changed,
)
from onebasket.commerce.orders.rules.offertax import offer_tax, tax_class_of
from onebasket.commerce.partners.rules.offers import OfferFacts, OfferPrice, price_offer
from onebasket.commerce.partners.rules.partners import RATE_SCALE, AgreementFacts, Merchant, PartnerFacts, RateFacts
from onebasket.commerce.partners.rules.parts import Status
from onebasket.commerce.partners.rules.selling import (
    NO_TAX,
    Bought,
    NewPart,
    PartHead,
    TaxTerm,
    accept,
    commission_on,
    sell,
    tax_on,
)
from onebasket.commerce.pricing.rules.basket import TaxRate
from onebasket.commerce.pricing.rules.taxes import ClassRules, Reckoning, TaxSpan, tax_book

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORDER = UUID(int=1)
IDS = [UUID(int=100 + number) for number in range(60)]
HEAD = PartHead(ORDER, "web", "USD")


def partner(number: int = 1, **terms: Any) -> PartnerFacts:
    stated: dict[str, Any] = {"merchant": Merchant.AGENT, "markup": 0, "commission": {"": 70_000}} | terms
    agreement = AgreementFacts(
        number, number, "USD", refers=True, ships=True, return_days=30, settlement_days=30, fresh_minutes=60,
        referral_days=3, **stated,
    )  # fmt: skip
    return PartnerFacts(number, f"p{number}", f"P{number}", "feed", "USD", number, active=True, agreement=agreement)


def bought(  # noqa: PLR0913 - what an offer is bought at
    price: int, quantity: int = 1, *, of: PartnerFacts | None = None, tax: TaxTerm = NO_TAX, rate: int = RATE_SCALE,
    currency: str = "USD", number: int = 1, **offer: Any,
) -> Bought:  # fmt: skip
    who = of or partner()
    facts = OfferFacts(
        id=number, partner_id=who.id, reference=f"r{number}", title="A lamp", price=price, currency=currency,
        stock=None, available=True, stated_at=NOW, **offer,
    )  # fmt: skip
    assert who.agreement is not None
    found = price_offer(facts, who.agreement, RateFacts(currency, "USD", rate, NOW))
    assert isinstance(found, OfferPrice)
    return Bought(facts, who, found, quantity, tax)


def one_part(*lines: Bought) -> NewPart:
    (part,) = sell(lines, HEAD, IDS)
    return part


VAT = TaxTerm("VAT", 200_000)
BESIDE = TaxTerm("OH", 70_000, included=False)


@pytest.mark.parametrize(
    ("terms", "line", "comes_to"),
    [  # (total, shipping, tax, cost, commission)
        ({}, {"price": 1000, "quantity": 2}, (2000, 0, 0, 2000, 140)),
        ({}, {"price": 1000, "quantity": 2, "shipping_amount": 150}, (2150, 150, 0, 2150, 140)),
        ({}, {"price": 1000, "tax": VAT}, (1000, 0, 0, 1000, 70)),  # an agent's goods bear no tax of ours
        ({"commission": {"Home": 100_000, "": 0}}, {"price": 999, "category": "Home > Lamps"}, (999, 0, 0, 999, 100)),
        ({"merchant": Merchant.PRINCIPAL, "markup": 250_000}, {"price": 1000, "tax": VAT}, (1250, 0, 208, 1000, 88)),
        ({"merchant": Merchant.PRINCIPAL}, {"price": 1000, "tax": BESIDE}, (1070, 0, 70, 1000, 70)),
        ({"merchant": Merchant.PRINCIPAL}, {"price": 7, "quantity": 3, "tax": BESIDE}, (22, 0, 1, 21, 1)),
        # One is 1.25 times as much, rounded for one: 3 x 13, not 37.5.
        ({}, {"price": 10, "quantity": 3, "rate": 1_250_000_000, "currency": "EUR"}, (39, 0, 0, 30, 3)),
        # No decimals in yen: 100 yen at 0.0067 are 67 cents.
        ({}, {"price": 100, "rate": 6_700_000, "currency": "JPY"}, (67, 0, 0, 100, 5)),
    ],
)
def test_a_line_comes_to(terms: dict[str, Any], line: dict[str, Any], comes_to: tuple[int, ...]) -> None:
    part = one_part(bought(of=partner(**terms), **line))
    found = part.lines[0]
    assert (
        part.total, part.shipping_amount, part.tax_amount, part.cost, commission_on(found, found.quantity),
    ) == comes_to  # fmt: skip


def test_each_partner_and_each_currency_of_its_own_is_a_part() -> None:
    first, second = partner(1), partner(2)
    lines = [
        bought(100, of=first, number=1),
        bought(200, of=second, number=2),
        bought(300, of=first, number=3),
        bought(400, of=first, number=4, currency="EUR", rate=RATE_SCALE),
    ]
    parts = sell(lines, HEAD, IDS)
    ids = [[line.offer_id for line in part.lines] for part in parts]
    assert [(part.number, part.partner, part.cost_currency, mine) for part, mine in zip(parts, ids, strict=True)] == [
        (1, "p1", "USD", [1, 3]), (2, "p2", "USD", [2]), (3, "p1", "EUR", [4]),
    ]  # fmt: skip
    assert parts[0].ours == f"OB{IDS[0].hex.upper()}"
    assert (parts[0].place, parts[0].status, parts[0].paid().status) == ("partner-p1", Status.WAITING, Status.DUE)


amounts = st.integers(1, 10**7)
terms = st.fixed_dictionaries(
    {
        "merchant": st.sampled_from(Merchant),
        "markup": st.integers(0, 10**6),
        "commission": st.dictionaries(st.just(""), st.integers(0, 10**6), max_size=1),
    }
)
taxes = st.builds(TaxTerm, st.just("T"), st.integers(0, 10**6), st.booleans())


@st.composite
def baskets(draw: st.DrawFn) -> list[Bought]:
    partners = [partner(number, **draw(terms)) for number in range(1, draw(st.integers(1, 4)) + 1)]
    rate, tax = draw(st.integers(10**7, 10**11)), draw(taxes)
    return [
        bought(
            draw(amounts), draw(st.integers(1, 99)), of=draw(st.sampled_from(partners)), tax=tax, number=number,
            rate=rate, currency="EUR", shipping_amount=draw(st.none() | st.integers(0, 10**5)),
        )
        for number in range(1, draw(st.integers(1, 8)) + 1)
    ]  # fmt: skip


@given(baskets())
def test_parts_are_their_lines_and_their_lines_what_was_shown(lines: list[Bought]) -> None:
    parts = sell(lines, HEAD, IDS)
    sold = {line.offer_id: (part, line) for part in parts for line in part.lines}
    assert len(sold) == len(lines)
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    for one in lines:
        part, line = sold[one.offer.id]
        shown = one.price.amount * one.quantity + one.price.shipping
        is_ours = part.merchant is Merchant.PRINCIPAL
        beside = line.tax_amount if is_ours and not one.tax.included else 0
        assert line.amount == shown + beside
        assert 0 <= line.tax_amount <= line.amount
        assert is_ours or line.tax_amount == 0
        assert 0 <= commission_on(line, line.quantity) <= line.unit_amount * line.quantity
    for part in parts:
        assert part.total == sum(line.amount for line in part.lines)
        assert part.tax_amount == sum(line.tax_amount for line in part.lines)
        assert part.cost == sum(line.unit_cost * line.quantity + line.shipping_cost for line in part.lines)


@given(baskets(), st.data())
def test_what_a_partner_takes_in_never_comes_to_more(lines: list[Bought], data: st.DataObject) -> None:
    for part in sell(lines, HEAD, IDS):
        taken = {line.number: data.draw(st.integers(0, line.quantity)) for line in part.lines}
        found = accept(part.lines, taken)
        assert 0 <= found.total <= part.total
        assert found.cost <= part.cost
        assert found.total == sum(one.amount for one in found.lines.values())
        whole = accept(part.lines, {line.number: line.quantity for line in part.lines})
        assert (whole.total, whole.tax_amount, whole.shipping_amount, whole.cost) == (
            part.total, part.tax_amount, part.shipping_amount, part.cost,
        )  # fmt: skip
        assert accept(part.lines, {}).total == 0


@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_tax_in_a_price_is_that_beside_what_is_left(amount: int, rate: int) -> None:
    inside = tax_on(amount, TaxTerm("T", rate, included=True))
    assert abs(tax_on(amount - inside, TaxTerm("T", rate, included=False)) - inside) <= 1


CLASSES = ClassRules(
    categories={"Home": "goods", "Home > Books": "books", "Partner goods": "other"}, departments={"Toys": "toys"}
)


@pytest.mark.parametrize(
    ("category", "tax_class"),
    [
        ("Home", "goods"), ("Home > Lamps > LED", "goods"), ("Home > Books > Cooking", "books"),
        ("Toys > Cars", "toys"), ("Garden", "other"), ("", "other"),
    ],
)  # fmt: skip
def test_the_class_of_an_offer_is_that_of_its_longest_path(category: str, tax_class: str) -> None:
    assert tax_class_of(category, CLASSES) == tax_class


def test_several_taxes_on_a_class_count_as_one() -> None:
    spans = [
        TaxSpan("CITY", "goods", None, 10_000, NOW, None), TaxSpan("STATE", "goods", None, 57_500, NOW, None),
        TaxSpan("STATE", "books", None, 0, NOW, None),
    ]  # fmt: skip
    taxes = tax_book(spans, [(None, Reckoning(NOW, included=False))], CLASSES)
    assert offer_tax("Home > Lamps", taxes, place_id=1, at=NOW) == TaxTerm("CITY + STATE", 67_500, included=False)
    assert offer_tax("Home > Books", taxes, place_id=1, at=NOW) == TaxTerm("STATE", 0, included=False)
    assert offer_tax("Garden", taxes, place_id=1, at=NOW) == NO_TAX
    assert isinstance(taxes.rates(1, NOW)[0], TaxRate)


def present(**more: Any) -> OfferNow:
    stated: dict[str, Any] = {"id": 7, "title": "A lamp", "partner": "Lantern", "amount": 1000, "stated_at": NOW}
    return OfferNow(**(stated | more))


@pytest.mark.parametrize(
    ("now", "quantity", "why"),
    [
        (present(), 1, None), (present(stock=2), 2, None), (present(stock=1), 2, "too_few"),
        (present(stock=0), 1, "out_of_stock"), (present(refused="gone"), 1, "gone"),
        (present(refused="out_of_stock"), 1, "out_of_stock"), (present(refused="no_agreement"), 1, "not_sold"),
        (present(refused="not_shipped"), 1, "not_sold"), (present(amount=None), 1, "not_sold"),
        (present(amount=0), 1, "not_sold"), (present(amount=10**14), 999, "not_sold"),
    ],
)  # fmt: skip
def test_why_so_many_are_not_sold(now: OfferNow, quantity: int, why: str | None) -> None:
    assert refusal(now, quantity) == why


@pytest.mark.parametrize(
    ("seen", "why"), [(None, None), (1000, None), (999, "dearer"), (1001, "cheaper"), (0, "dearer")]
)
def test_an_offer_is_agreed_to_at_the_price_that_was_seen(seen: int | None, why: str | None) -> None:
    found = agree(OfferWanted(7, 2, seen), present(shipping=150))
    if why is None:
        assert found == BasketOffer(7, 2, 1000, 150, NOW)
    else:
        assert isinstance(found, OfferChange)
        assert (found.why, found.before, found.after) == (why, seen, 1000)


@pytest.mark.parametrize(
    ("now", "to_pay", "why"),
    [
        ({}, True, None), ({"amount": 1001}, True, "dearer"), ({"amount": 999}, True, "cheaper"),
        ({"shipping": 1}, True, "dearer"), ({"amount": 999, "shipping": 5}, True, "dearer"),
        ({"is_fresh": False}, True, "silent"), ({"is_fresh": False}, False, None),
        ({"is_fresh": False, "amount": 1001}, True, "dearer"), ({"stated_at": NOW + timedelta(hours=1)}, True, None),
        ({"stock": 1}, True, "too_few"), ({"refused": "gone"}, False, "gone"),
    ],
)  # fmt: skip
def test_what_has_changed_is_named(now: dict[str, Any], to_pay: bool, why: str | None) -> None:  # noqa: FBT001
    found = what_changed([BasketOffer(7, 2, 1000, 0, NOW)], {7: present(**now)}, to_pay=to_pay)
    assert [one.why for one in found] == ([why] if why else [])


def test_an_offer_that_nobody_has_any_more_is_gone() -> None:
    (found,) = what_changed([BasketOffer(7, 2, 1000, 0, NOW)], {}, to_pay=True)
    assert (found.why, found.before, found.after) == ("gone", 1000, None)
