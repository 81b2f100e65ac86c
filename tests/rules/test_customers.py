"""Cards, what people are found by, consents, doubles and merges: decided without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.access.rules import shape_problem
from onebasket.commerce.customers.rules import AddressItem, ConsentItem, CustomerItem, SegmentItem
from onebasket.commerce.customers.rules.cards import (
    CODE_ALPHABET,
    CODE_LENGTH,
    ERASED,
    card_number,
    check_digit,
    code_digest,
    is_card_number,
    number_problem,
    printed_code,
    proof_code,
    typed_number,
)
from onebasket.commerce.customers.rules.consents import Consent, is_given, standing
from onebasket.commerce.customers.rules.doubles import Double, Sign, likely_doubles
from onebasket.commerce.customers.rules.merging import MergePlan, MergeRefused, Party, plan_merge, unfilled
from onebasket.commerce.customers.rules.person import (
    Details,
    details_problem,
    email_key,
    email_problem,
    home_key,
    name_key,
    phone_key,
    phone_problem,
)
from onebasket.commerce.customers.rules.shopper import Span
from onebasket.kernel.barcodes import Scan, parse
from onebasket.kernel.identity import fingerprint

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "digit"),
    [("629104150021", 3), ("03600029145", 2), ("40000000000", 8), ("40123456789", 3), ("49999999999", 8)],
)  # fmt: skip
def test_the_check_digit_is_that_of_gs1(body: str, digit: int) -> None:
    assert check_digit(body) == digit


def test_a_new_number_is_read_by_every_till_and_by_no_mistake() -> None:
    assert card_number(123456789) == "401234567893"
    assert is_card_number("401234567893")
    assert isinstance(parse("401234567893"), Scan)
    for wrong in ("401234567894", "401234567983", "40123456789", "301234567898", "4012345678९८", ""):
        assert not is_card_number(wrong)


@given(st.integers(min_value=0, max_value=10**10 - 1), st.integers(min_value=0, max_value=11), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(drawn: int, position: int, by: int) -> None:
    number = card_number(drawn)
    assert len(number) == 12

    wrong = number[:position] + str((int(number[position]) + by) % 10) + number[position + 1 :]

    assert is_card_number(number)
    assert not is_card_number(wrong)


def test_nobody_has_the_number_that_stands_for_people_who_were_erased() -> None:
    assert number_problem("900") == ""
    assert number_problem(ERASED).startswith("loyalty_number: 'erased' stands for people who were erased")


@pytest.mark.parametrize(
    ("typed", "number"),
    [(" 4012 3456-7893 ", "401234567893"), ("AB-12 3", "AB-12 3"), (" 900", "900"), ("", "")],
)
def test_a_number_is_typed_with_or_without_its_gaps(typed: str, number: str) -> None:
    assert typed_number(typed) == number


def test_a_code_is_the_same_however_it_is_typed() -> None:
    code = proof_code(32**CODE_LENGTH - 2)
    assert (code, printed_code(code)) == ("YZZZZZZZZZ", "YZZZZ-ZZZZZ")
    assert code_digest(" yzzzz zzzzz") == code_digest("YZZZZ-ZZZZZ") == code_digest(code)
    assert code_digest("0110-AB") == code_digest("OIL0ab")
    assert code_digest("0110AB") != code_digest("0110AC")
    assert len(set(CODE_ALPHABET)) == 32
    assert not set("ILOU") & set(CODE_ALPHABET)


@pytest.mark.parametrize(
    ("email", "key", "sound"),
    [
        ("Ann@Shop.Example ", "ann@shop.example", True), ("", "", True), ("ann", "ann", False),
        ("ann@shop", "ann@shop", False), ("a b@shop.example", "a b@shop.example", False),
        ("ann@@shop.example", "ann@@shop.example", False), ("ann@shop.example>", "ann@shop.example>", False),
        ("ann@shop.example\nBcc: all@shop.example", "ann@shop.example\nbcc: all@shop.example", False),
    ],
)  # fmt: skip
def test_an_email_address_is_compared_in_small_letters(email: str, key: str, *, sound: bool) -> None:
    assert email_key(email) == key
    assert (email_problem(email) == "") is sound


@pytest.mark.parametrize(
    ("phone", "key", "sound"),
    [
        ("+1 (513) 555-0100", "5135550100", True), ("513 555 0100", "5135550100", True), ("0100", "", False),
        ("", "", True), ("0049 30 1234567", "4930" + "1234567", True), ("call me", "", False),
    ],
)  # fmt: skip
def test_a_phone_number_is_compared_by_its_last_digits(phone: str, key: str, *, sound: bool) -> None:
    assert phone_key(phone) == key[-10:]
    assert (phone_problem(phone) == "") is sound


@pytest.mark.parametrize(
    ("one", "other"),
    [("José  Núñez", "nunez jose"), ("MÜLLER, Ann", "ann muller"), ("O'Neil Al", "al o neil")],
)
def test_names_are_compared_without_order_and_accents(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


def test_a_home_needs_name_and_postcode() -> None:
    assert home_key("Ann Lee", "ab1 2cd") == "AB12CD ann lee"
    assert home_key("Ann Lee", "") == home_key("", "45202") == ""
    assert details_problem(Details(email="ann@shop.example", phone="5135550100")) == ""
    assert details_problem(Details(email="ann", phone="1")).startswith("email:")
    assert details_problem(Details(phone="1")).startswith("phone:")


def test_an_item_that_states_no_more_than_a_number_has_the_print_that_it_always_had() -> None:
    assert fingerprint(("customer", CustomerItem("k1", "900"))) == fingerprint(
        ("customer", {"key": "k1", "loyalty_number": "900"})
    )


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (CustomerItem("k", "900", language="en-US", addresses=(AddressItem("1 Main St", country="US"),)), ""),
        (CustomerItem("k", "900", language=""), ""),
        (CustomerItem("k", "900", language="English!"), "language:"),
        (CustomerItem("k", "900", addresses=(AddressItem("1 Main St", country="usa"),)), "addresses[0].country:"),
        (CustomerItem("k", "900", addresses=(AddressItem(""),)), "addresses[0].line1:"),
        (CustomerItem("k", "900", segments=(SegmentItem("a", valid_from=AT.replace(tzinfo=None)),)), "segments"),
        (CustomerItem("k", "900", name="x" * 121), "name:"),
        (ConsentItem("k", "900", "offers_email", given=True, at=AT, text_version="1"), ""),
        (ConsentItem("k", "900", "Offers!", given=True, at=AT, text_version="1"), "purpose:"),
        (ConsentItem("k", "900", "offers_email", given=True, at=AT.replace(tzinfo=None), text_version="1"), "at:"),
    ],
)  # fmt: skip
def test_items_keep_within_their_bounds(item: CustomerItem | ConsentItem, problem: str) -> None:
    found = shape_problem(item)
    assert found.startswith(problem)
    assert bool(found) is bool(problem)


def test_a_segment_holds_from_its_first_instant_until_before_its_last() -> None:
    span = Span("vip", AT, AT + timedelta(days=1))
    assert [span.holds(AT + timedelta(seconds=s)) for s in (-1, 0, 86_399, 86_400)] == [False, True, True, False]
    assert Span("vip").holds(AT)


def _said(hours: int, purpose: str = "offers_email", *, given: bool = True) -> Consent:
    return Consent(purpose, given, AT + timedelta(hours=hours), "1", "customer")


def test_the_latest_statement_stands() -> None:
    said = [_said(0), _said(2, given=False), _said(1), _said(0, "offers_personal")]
    assert standing(said) == {"offers_email": _said(2, given=False), "offers_personal": _said(0, "offers_personal")}
    assert not is_given(said, "offers_email")
    assert is_given(said, "offers_personal")
    assert not is_given(said, "never_asked")
    assert is_given([_said(0, given=False), _said(0)], "offers_email")


def test_doubles_share_a_sign_and_the_likeliest_come_first() -> None:
    signs = [
        Sign("phone", "5135550100", (3, 1, 2)), Sign("email", "ann@shop.example", (2, 3)),
        Sign("home", "45202 ann lee", (1, 4)), Sign("email", "none@none.example", tuple(range(10, 21))),
        Sign("home", "45202 bob lee", (1, 4)), Sign("phone", "5135550111", (7, 7)),
    ]  # fmt: skip
    assert likely_doubles(signs) == [
        Double(2, 3, ("email", "phone"), 5), Double(1, 2, ("phone",), 2), Double(1, 3, ("phone",), 2),
        Double(1, 4, ("home",), 1),
    ]  # fmt: skip


def test_a_merge_fills_what_is_empty_and_an_undo_empties_it_again() -> None:
    keep = Party(1, "900", Details("Ann", "", "5135550100"))
    other = Party(2, "901", Details("Anna", "ann@shop.example", "1111111", "en"))

    plan = plan_merge(keep, other)

    assert isinstance(plan, MergePlan)
    assert plan == MergePlan(Details("Ann", "ann@shop.example", "5135550100", "en"), ("email", "language"))
    assert unfilled(plan.details, filled=plan.filled, other=other.details) == keep.details
    changed = Details("Ann", "new@shop.example", "5135550100", "en")
    assert unfilled(changed, filled=plan.filled, other=other.details) == Details(
        "Ann", "new@shop.example", "5135550100"
    )
    assert isinstance(plan_merge(keep, keep), MergeRefused)
