"""Least rights by role, scopes and places of tokens, and the bounds of what sources send."""

from datetime import UTC, datetime, timedelta

import pytest

from onebasket.commerce.access.rules import (
    CHAIN_WIDE_READS,
    RIGHTS,
    ROLE_RIGHTS,
    SourceItem,
    TokenFacts,
    UserFacts,
    binding_problem,
    code_problem,
    is_token,
    may,
    reach,
    scopes_problem,
    shape_problem,
    token_digest,
)
from onebasket.commerce.catalogue.rules import BarcodeItem, ProductItem

# Every right, and who has it: (a)dmin, (m)erchandiser, (s)tore, (f)inance, (r)eader.
TABLE = {
    "places.read": "amsnfr",
    "places.edit": "a",
    "catalogue.read": "amsnfr",
    "catalogue.edit": "am",
    "prices.read": "amsnfr",
    "prices.set": "am",
    "promotions.read": "amsnfr",
    "promotions.set": "am",
    "taxes.set": "af",
    "customers.read": "a",
    "customers.edit": "a",
    "customers.erase": "a",
    "stock.read": "amsnfr",
    "stock.count": "asn",
    "buffers.set": "am",
    "sales.read": "amsnfr",
    "orders.read": "amsnfr",
    "orders.cancel": "asn",
    "orders.pick": "asn",
    "kiosk.open": "asn",
    "slots.read": "amsnfr",
    "slots.plan": "amsn",
    "exceptions.read": "amsnfr",
    "exceptions.work": "amsn",
    "quarantine.read": "asnf",
    "quarantine.work": "asnf",
    "events.read": "a",
    "webhooks.manage": "a",
    "trail.read": "af",
    "sources.enrol": "a",
    "tokens.issue": "a",
    "users.manage": "a",
    "partners.read": "amf",
    "partners.edit": "am",
    "partners.secrets": "a",
    "partners.work": "amf",
    "commission.read": "af",
    "books.read": "af",
    "points.set": "af",
    "payments.read": "asnf",
    "payments.refund": "asnf",
    "balances.read": "af",
    "balances.issue": "af",
    "balances.block": "af",
    "returns.override": "an",
    "returns.set": "af",
    "parked.work": "a",
}
ROLES = {"a": "admin", "m": "merchandiser", "s": "store", "n": "manager", "f": "finance", "r": "reader"}


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("letter", ROLES)
def test_each_role_has_the_rights_of_the_table_and_no_others(right: str, letter: str) -> None:
    user = UserFacts("u", ROLES[letter], frozenset({"here"}) if letter in "sn" else frozenset())

    assert may(user, right, "here") is (letter in TABLE[right])


def test_the_table_is_complete() -> None:
    assert TABLE.keys() == RIGHTS.keys()
    assert set(ROLES.values()) == ROLE_RIGHTS.keys()


def test_a_store_role_is_bound_to_its_places() -> None:
    clerk = UserFacts("clerk", "store", frozenset({"s1", "s2"}))

    assert may(clerk, "quarantine.work", "s1")
    assert not may(clerk, "quarantine.work", "s3")
    assert not may(clerk, "quarantine.work")
    assert not may(clerk, "quarantine.work", "")
    assert reach(clerk, "orders.read") == frozenset({"s1", "s2"})
    assert all(may(clerk, right) for right in CHAIN_WIDE_READS)
    assert reach(clerk, "catalogue.read") is None


@pytest.mark.parametrize(
    ("user", "right"),
    [
        (UserFacts("gone", "admin", active=False), "users.manage"),
        (UserFacts("odd", "owner"), "places.read"),
        (UserFacts("root", "admin"), "no.such.right"),
        (UserFacts("", "", active=False), "places.read"),
        (UserFacts("unbound", "store"), "orders.read"),
    ],
)
def test_nobody_gets_anything_by_default(user: UserFacts, right: str) -> None:
    assert not may(user, right)
    assert not may(user, right, "here")
    assert reach(user, right) == frozenset()


NOW = datetime(2026, 3, 1, tzinfo=UTC)


def token(**changes: object) -> TokenFacts:
    facts: dict[str, object] = {
        "id": 1,
        "source_id": 2,
        "source_code": "till-1",
        "name": "till",
        "scopes": frozenset({"sales:write"}),
        "places": frozenset({"s1"}),
        "every_place": False,
        "expires_at": None,
        "revoked_at": None,
        "source_active": True,
    }
    return TokenFacts(**(facts | changes))  # type: ignore[arg-type] # a table of mixed fields


@pytest.mark.parametrize(
    ("changes", "valid"),
    [
        ({}, True),
        ({"expires_at": NOW + timedelta(microseconds=1)}, True),
        ({"expires_at": NOW}, False),
        ({"revoked_at": NOW - timedelta(days=1)}, False),
        ({"revoked_at": NOW + timedelta(days=1)}, False),
        ({"source_active": False}, False),
    ],
)
def test_when_a_token_opens_anything(changes: dict[str, object], *, valid: bool) -> None:
    assert token(**changes).is_valid(NOW) is valid


def test_a_token_reaches_its_places_only() -> None:
    assert token().covers("s1")
    assert not token().covers("s2")
    assert not token().covers("")
    assert token(every_place=True, places=frozenset()).covers("s2")


def test_the_form_of_a_token() -> None:
    assert is_token("ob_" + "a" * 43)
    assert not is_token("ob_" + "a" * 42)
    assert not is_token("ob_" + "a" * 44)
    assert not is_token("xx_" + "a" * 43)
    assert not is_token("ob_" + "a" * 42 + "\n")
    assert token_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("code", ["", " till", "till 1", "a" * 65, "-till", "till\n", "é"])
def test_codes_that_no_source_may_have(code: str) -> None:
    assert code_problem(code)


def test_codes_that_a_source_may_have() -> None:
    assert [code_problem(code) for code in ("till-1", "A", "s1:t2", "a" * 64, "erp.eu_1")] == [""] * 5


def test_scopes() -> None:
    assert scopes_problem(["sales:write", "orders:read"]) == ""
    assert scopes_problem([]) == "A token needs at least one scope."
    assert scopes_problem(["sales:write", "all"]).startswith("Unknown scopes: all. Known are books:read, ")


@pytest.mark.parametrize(
    ("role", "places", "problem"),
    [
        ("admin", [], ""),
        ("store", ["s1"], ""),
        ("store", [], "The role store is bound to places: name at least one place code."),
        ("store", ["*"], "The role store is bound to places: name at least one place code."),
        ("finance", ["s1"], "The role finance is not bound to places: leave them out."),
        ("boss", [], "Unknown role 'boss'. Known are admin, merchandiser, store, manager, finance, reader."),
    ],
)
def test_roles_and_places_that_go_together(role: str, places: list[str], problem: str) -> None:
    assert binding_problem(role, places) == problem


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (SourceItem("k"), ""),
        (SourceItem("k" * 121), "key: Expected `str` of length <= 120."),
        (ProductItem("k", "A", "Milk"), ""),
        (ProductItem("k", "A", ""), "name: Expected `str` of length >= 1."),
        (ProductItem("k", "A" * 65, "Milk"), "sku: Expected `str` of length <= 64."),
        (ProductItem("k", "A", "Milk", minimum_age=-1), "minimum_age: Expected `int` >= 0."),
        (
            ProductItem("k", "A", "Milk", barcodes=(BarcodeItem("1" * 49),)),
            "barcodes[0].code: Expected `str` of length <= 48.",
        ),
        (ProductItem("k", "A", "Mi\x00lk"), "A text holds a NUL character, which no screen shows. Remove it."),
        (ProductItem("k", "A", r"Mi\u0000lk"), ""),
        (
            ProductItem("k", "A", "Milk", barcodes=(BarcodeItem("1\x00"),)),
            "A text holds a NUL character, which no screen shows. Remove it.",
        ),
    ],
)
def test_the_bounds_of_an_item(item: SourceItem, problem: str) -> None:
    assert shape_problem(item) == problem
