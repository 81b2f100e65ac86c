"""What a receipt does to the books, row by row, and that any receipt that ties balances without suspense."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.books.rules.accounts import POINTS, Account
from onebasket.commerce.books.rules.entries import Entry, Posting, apart, fault, opposite
from onebasket.commerce.books.rules.points import EarningRule
from onebasket.commerce.books.rules.selling import Reduced, Taxed, rate_part, tax_part
from onebasket.commerce.sales.rules.journal import (
    JournalLine,
    JournalReceipt,
    JournalTender,
    receipt_entry,
    void_entry,
)
from onebasket.commerce.sales.rules.receipt import Kind

DAY = date(2026, 3, 2)
RULE = EarningRule("USD", date(2026, 1, 1), 1, 100, ("Fuel", "tobacco"), 100, 100)
"""A point for each dollar paid; a hundred points are worth one."""


def line(
    paid: int, *offs: Reduced, department: str = "", category: str = "", taxes: Sequence[Taxed] = ()
) -> JournalLine:
    listed = paid + sum(off.amount for off in offs)
    return JournalLine(listed, paid, department, category, offs, taxes)


def receipt(*lines: JournalLine, tenders: Sequence[tuple[str, int]] = (), **more: object) -> JournalReceipt:
    stated: dict[str, object] = {
        "id": 1, "kind": Kind.SALE, "effect": 1, "place_code": "p1", "business_day": DAY,
        "occurred_at": datetime(2026, 3, 2, 15, tzinfo=UTC), "currency": "USD", "lines": lines,
        "tenders": tuple(JournalTender(*tender) for tender in tenders),
    }  # fmt: skip
    return JournalReceipt(**(stated | more))  # type: ignore[arg-type]


def posted(entry: Entry) -> list[tuple[str, str, int]]:
    assert fault(entry) is None
    return [(one.account.name, one.part, one.amount) for one in entry.lines]


LOYALTY = Reduced("loyalty", "retailer", 20)
COUPON = Reduced("coupon", "manufacturer", 50, "upc-5001")
OFFER = Reduced("offer", "partner", 10, "app-7")
VAT = (Taxed("VAT", 200_000, 600, 100),)
NY = (Taxed("NY", 40_000, 500, 20), Taxed("NYC", 48_750, 500, 24))

CASES: list[tuple[str, JournalReceipt, list[tuple[str, str, int]]]] = [
    (
        "cash with change",
        receipt(line(325), tenders=(("cash", 500),), change=175),
        [("TAKINGS", "cash", 325), ("TILL_SALES", "0 %", -325)],
    ),
    (
        "two means of payment, and the change comes out of the cash",
        receipt(line(900), tenders=(("card", 700), ("Cash", 300)), change=100),
        [("TAKINGS", "card", 700), ("TAKINGS", "cash", 200), ("TILL_SALES", "0 %", -900)],
    ),
    (
        "change for a card is cash that goes out",
        receipt(line(900), tenders=(("card", 1000),), change=100),
        [("TAKINGS", "card", 1000), ("TAKINGS", "cash", -100), ("TILL_SALES", "0 %", -900)],
    ),
    (
        "tax in the price",
        receipt(line(600, taxes=VAT), tenders=(("cash", 600),)),
        [("TAKINGS", "cash", 600), ("TAX", "VAT 20 %", -100), ("TILL_SALES", "20 %", -500)],
    ),
    (
        "two taxes on top of the price",
        receipt(line(500, taxes=NY), line(100), tenders=(("cash", 644),), tax_included=False),
        [
            ("TAKINGS", "cash", 644), ("TAX", "NY 4 %", -20), ("TAX", "NYC 4.875 %", -24),
            ("TILL_SALES", "8.875 %", -500), ("TILL_SALES", "0 %", -100),
        ],
    ),
    (
        "the retailer's discount lowers what the chain earns",
        receipt(line(380, LOYALTY), tenders=(("cash", 380),)),
        [("TAKINGS", "cash", 380), ("TILL_SALES", "0 %", -400), ("DISCOUNTS", "loyalty", 20)],
    ),
    (
        "a manufacturer's coupon is owed by it and stays in the tax base",
        receipt(line(550, COUPON, taxes=VAT), tenders=(("cash", 550),)),
        [
            ("TAKINGS", "cash", 550), ("TAX", "VAT 20 %", -100), ("TILL_SALES", "20 %", -500),
            ("MANUFACTURERS", "upc-5001", 50),
        ],
    ),
    (
        "a partner's offer is owed by the partner",
        receipt(line(90, OFFER), tenders=(("cash", 90),)),
        [("TAKINGS", "cash", 90), ("TILL_SALES", "0 %", -100), ("PARTNERS", "app-7", 10)],
    ),
    (
        "a coupon worth more than its line",
        receipt(line(-20, COUPON), line(100), tenders=(("cash", 80),)),
        [("TAKINGS", "cash", 80), ("TILL_SALES", "0 %", -130), ("MANUFACTURERS", "upc-5001", 50)],
    ),
    (
        "a total below zero is paid out",
        receipt(line(-20, COUPON), tenders=(("cash", -20),)),
        [("TAKINGS", "cash", -20), ("TILL_SALES", "0 %", -30), ("MANUFACTURERS", "upc-5001", 50)],
    ),
    (
        "cash rounding",
        receipt(line(598), tenders=(("cash", 600),), rounding=2),
        [("TAKINGS", "cash", 600), ("ROUNDING", "", -2), ("TILL_SALES", "0 %", -598)],
    ),
    (
        "a gift card sold is a liability and no sale",
        receipt(line(5000, department="Gift Cards"), line(100), tenders=(("card", 5100),)),
        [("TAKINGS", "card", 5100), ("GIFT_CARDS", "sold", -5000), ("TILL_SALES", "0 %", -100)],
    ),
    (
        "a gift card that pays",
        receipt(line(700), tenders=(("Gift-Card", 500), ("store credit", 200))),
        [("GIFT_CARDS", "tendered", 500), ("STORE_CREDIT", "tendered", 200), ("TILL_SALES", "0 %", -700)],
    ),
    (
        "tax that one line states for all",
        receipt(
            line(500, taxes=(Taxed("VAT", 200_000, 1200, 200),)), line(700), tenders=(("cash", 1200),)
        ),
        [("TAKINGS", "cash", 1200), ("TAX", "VAT 20 %", -200), ("TILL_SALES", "mixed", -1000)],
    ),
    (
        "a return is the opposite",
        receipt(line(600, taxes=VAT), tenders=(("cash", 600),), kind=Kind.RETURN, effect=-1),
        [("TAKINGS", "cash", -600), ("TAX", "VAT 20 %", 100), ("TILL_SALES", "20 %", 500)],
    ),
    (
        "points for what was paid after discounts, none for excluded departments or categories and gift cards",
        receipt(
            line(380, LOYALTY), line(999, department="FUEL"), line(500, category="Tobacco"),
            line(1000, department="gift cards"), line(75), tenders=(("cash", 2954),), loyalty_number="77",
        ),
        [
            ("TAKINGS", "cash", 2954), ("TILL_SALES", "0 %", -1974), ("DISCOUNTS", "loyalty", 20),
            ("GIFT_CARDS", "sold", -1000), ("POINTS_GRANTED", "", 4), ("POINTS_AVAILABLE", "77", -4),
        ],
    ),
    (
        "points go with goods that come back",
        receipt(line(455), tenders=(("cash", 455),), kind=Kind.RETURN, effect=-1, loyalty_number="77"),
        [
            ("TAKINGS", "cash", -455), ("TILL_SALES", "0 %", 455), ("POINTS_GRANTED", "", -4),
            ("POINTS_AVAILABLE", "77", 4),
        ],
    ),
    (
        "points that pay at a till cost what they pay",
        receipt(line(250), tenders=(("points", 250),), loyalty_number="77"),
        [
            ("POINTS_COST", "", 250), ("TILL_SALES", "0 %", -250), ("POINTS_GRANTED", "", 2),
            ("POINTS_AVAILABLE", "77", 248), ("POINTS_SPENT", "", -250),
        ],
    ),
    (
        "what does not tie is in suspense, and the rest is booked",
        receipt(line(250), tenders=(("cash", 240),)),
        [("TAKINGS", "cash", 240), ("TILL_SALES", "0 %", -250), ("SUSPENSE", "", 10)],
    ),
    ("nothing paid and nothing sold", receipt(line(0), tenders=(("cash", 0),)), []),
]  # fmt: skip


@pytest.mark.parametrize(("stated", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_receipt_becomes_an_entry(stated: JournalReceipt, expected: list[tuple[str, str, int]]) -> None:
    entry = receipt_entry(stated, RULE)
    assert posted(entry) == expected
    assert (entry.fact, entry.kind, entry.business_day) == ("receipt/1", stated.kind.value, DAY)


def test_without_a_rule_or_a_loyalty_number_nothing_is_earned() -> None:
    paid = receipt(line(500), tenders=(("cash", 500),))
    member = receipt(line(500), tenders=(("cash", 500),), loyalty_number="77")
    assert [one.unit for one in receipt_entry(paid, RULE).lines] == ["USD", "USD"]
    assert [one.unit for one in receipt_entry(member, None).lines] == ["USD", "USD"]


def test_one_receipt_earns_at_most_a_bound() -> None:
    paid = receipt(line(10**16), tenders=(("cash", 10**16),), loyalty_number="77")
    assert [one.amount for one in receipt_entry(paid, RULE).lines if one.unit == POINTS] == [10**12, -(10**12)]


@pytest.mark.parametrize(
    ("ppm", "said"), [(0, "0 %"), (88_750, "8.875 %"), (200_000, "20 %"), (1, "0.0001 %"), (1_000_000, "100 %")]
)
def test_a_rate_is_written_as_people_do(ppm: int, said: str) -> None:
    assert rate_part(ppm) == said


def test_a_tax_is_named_by_code_and_rate_and_cut_to_what_fits() -> None:
    assert tax_part("", 88_750) == "8.875 %"
    assert tax_part("NY", 40_000) == "NY 4 %"
    assert len(tax_part("x" * 90, 40_000)) == 80


def test_a_void_without_lines_takes_back_what_stands_of_its_original() -> None:
    original = receipt_entry(receipt(line(600, taxes=VAT), tenders=(("cash", 600),), loyalty_number="77"), RULE)
    part = receipt_entry(receipt(line(100), tenders=(("cash", 100),), id=2, kind=Kind.VOID, effect=-1), RULE)
    void = void_entry(receipt(id=3, kind=Kind.VOID, effect=-1), (*original.lines, *part.lines))
    assert posted(void) == [
        ("TAKINGS", "cash", -500), ("TAX", "VAT 20 %", 100), ("TILL_SALES", "20 %", 500),
        ("POINTS_GRANTED", "", -6), ("POINTS_AVAILABLE", "77", 6), ("TILL_SALES", "0 %", -100),
    ]  # fmt: skip


amounts = st.integers(-(10**13), 10**13)
reductions = st.builds(
    Reduced,
    st.sampled_from(["loyalty", "coupon", "x" * 32]),
    st.sampled_from(["retailer", "manufacturer", "partner"]),
    amounts,
    st.sampled_from(["", "ref-1", "r" * 64]),
)
taxes = st.builds(
    Taxed, st.sampled_from(["", "NY", "c" * 64]), st.sampled_from([0, 40_000, 88_750, 10_000_000]), amounts, amounts
)


@st.composite
def lines(draw: st.DrawFn) -> JournalLine:
    offs = draw(st.lists(reductions, max_size=3))
    department = draw(st.sampled_from(["", "Dairy", "FUEL", "Gift cards"]))
    return line(draw(amounts), *offs, department=department, taxes=draw(st.lists(taxes, max_size=2)))


@st.composite
def tied(draw: st.DrawFn) -> JournalReceipt:
    """A receipt of any shape whose tenders less change are its lines, tax on top and rounding."""
    sold = draw(st.lists(lines(), max_size=6))
    included, change, rounding = draw(st.booleans()), draw(amounts), draw(st.integers(-99, 99))
    due = sum(one.paid_amount for one in sold) + rounding
    due += 0 if included else sum(tax.amount for one in sold for tax in one.taxes)
    kinds = st.sampled_from(["cash", "card", "gift card", "points", "store credit", "w" * 32])
    given_ = draw(st.lists(st.tuples(kinds, amounts), max_size=3))
    rest = due + change - sum(amount for _, amount in given_)
    return receipt(
        *sold, tenders=[*given_, (draw(kinds), rest)], change=change, rounding=rounding, tax_included=included,
        effect=draw(st.sampled_from([1, -1])), loyalty_number=draw(st.sampled_from(["", "77"])),
    )  # fmt: skip


def money_of(entry: Entry, *accounts: Account) -> int:
    return sum(one.amount for one in entry.lines if one.account in accounts and one.unit == "USD")


@given(tied())
def test_any_receipt_that_ties_balances_without_suspense(stated: JournalReceipt) -> None:
    entry = receipt_entry(stated, RULE)
    assert fault(entry) is None
    assert apart(entry.lines) == {}
    assert Account.SUSPENSE not in {one.account for one in entry.lines}


@given(tied())
def test_the_books_say_what_the_receipt_says(stated: JournalReceipt) -> None:
    entry, sign = receipt_entry(stated, RULE), stated.effect
    listed = sum(one.list_amount for one in stated.lines)
    off = sum(discount.amount for one in stated.lines for discount in one.discounts)
    tax = sum(item.amount for one in stated.lines for item in one.taxes)
    sold = sum(
        one.amount
        for one in entry.lines
        if one.account is Account.TILL_SALES or (one.account is Account.GIFT_CARDS and one.part == "sold")
    )
    assert -sold == sign * (listed - (tax if stated.tax_included else 0))
    assert -money_of(entry, Account.TAX) == sign * tax
    assert money_of(entry, Account.DISCOUNTS, Account.MANUFACTURERS, Account.PARTNERS) == sign * off
    assert -money_of(entry, Account.ROUNDING) == sign * stated.rounding


@given(tied())
def test_taking_a_receipt_back_undoes_it(stated: JournalReceipt) -> None:
    entry = receipt_entry(stated, RULE)
    void = void_entry(stated, entry.lines)
    assert set(_sums((*entry.lines, *void.lines)).values()) <= {0}
    assert set(_sums((*entry.lines, *opposite(entry.lines))).values()) <= {0}


def _sums(postings: Sequence[Posting]) -> dict[tuple[int, str, str], int]:
    sums: dict[tuple[int, str, str], int] = {}
    for one in postings:
        key = one.account, one.unit, one.part
        sums[key] = sums.get(key, 0) + one.amount
    return sums
