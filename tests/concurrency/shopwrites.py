"""Every write of the shop's own: baskets, checkouts, slots, payments, gift cards and people, as requests to repeat."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from tests.concurrency.hubs import Hubs
from tests.concurrency.webwrites import EACH, Given, Write

ON_CARD, REFUND = 200, 250
"""What a gift card is worth, and what is given back of an order of three, in minor units."""
THREE, TWO = 354, 236
"""What so much soap comes to: at 1.00 each, and three taxes of 6 % on top."""
PATIENCE = 60
"""Seconds until what follows an order's step has been done."""
AT = "2026-03-02T15:00:00Z"
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def shop_phases(hubs: Hubs, given: Given) -> Iterator[list[Write]]:
    """Yield the writes in phases, each of which needs the answers to the one before; all of soap."""
    each = range(EACH)
    yield [write for number in each for write in (*_plans(number), *_people(number), *_opened(number))]
    slot = _last_slot(hubs)
    yield [write for number in each for write in (*_changes(number, given, slot), *_cards(number, given))]
    yield [write for number in each for write in (*_checkouts(number, hubs, given), *_ends(number, given))]
    yield [write for number in each for write in _paying(number, hubs, given)]
    yield [_step("hand-over", number, given) for number in each]
    _await_captured(hubs, given)
    yield [_refund(number, given) for number in each]


def payments_of(hubs: Hubs, given: Given, basket: str) -> dict[str, Mapping[str, Any]]:
    """Return the tenders of the order that a basket became, by their method."""
    return {one["method"]: one for one in hubs.get(f"payments?order={given[basket]['id']}")["items"]}


def _keyed(name: str, method: str, route: str, body: object = None, *, named: str = "") -> Write:
    return Write(name, method, route, body, f"t-{name.replace(' ', '-')}", named)


def _item(title: str, method: str, route: str, **fields: object) -> Write:
    return Write(title, method, route, {"items": [{"key": f"t-{title.replace(' ', '-')}"} | fields]})


def _plans(number: int) -> Iterator[Write]:
    window = {"opens": "00:00", "closes": "24:00", "slot_minutes": 60, "capacity": 3 * EACH}
    weekly = [{"weekday": day} | window for day in WEEK]
    if number == 0:
        yield _item("plan of p1", "PUT", "/slots/plans", place="p1", windows=weekly)
    yield _item(f"plan {number}", "PUT", "/slots/plans", place=f"t{number}", windows=weekly)
    days = {"place": f"t{number}", "date": "2099-12-24", "windows": [window]}
    yield _item(f"exception {number}", "PUT", "/slots/exceptions", **days)


def _people(number: int) -> Iterator[Write]:
    for letter in "hie":
        who = f"{letter}{number}"
        yield _item(f"person {who}", "PUT", "/customers", loyalty_number=who, name=f"Person {who}")
    yield _item(f"card {number}", "POST", "/gift-cards", currency="USD", amount=ON_CARD, place="p1")
    yield _item(f"printed {number}", "POST", "/gift-cards", currency="USD", place="p1")


def _opened(number: int) -> Iterator[Write]:
    body = {"place": "p1", "lines": [{"sku": "soap", "quantity": 2}]}
    for name in ("bought", "by-card", "again", "dropped"):
        yield _keyed(f"basket {name} {number}", "POST", "/baskets", body)


def _last_slot(hubs: Hubs) -> int:
    """Return a slot of next week: it is not over before the test is."""
    slot: int = hubs.get("places/p1/slots?days=7")["slots"][-1]["id"]
    return slot


def _changes(number: int, given: Given, slot: int) -> Iterator[Write]:
    def change(name: str, basket: str, method: str, part: str, body: object) -> Write:
        named = given[f"basket {basket} {number}"]["id"]
        return _keyed(f"{name} {basket} {number}", method, f"/baskets/{{basket_id}}/{part}", body, named=named)

    for basket in ("bought", "by-card", "again"):
        yield change("slot", basket, "PUT", "slot", {"slot": slot})
    # The three are for one basket, in whatever order they come.
    yield change("card", "dropped", "PUT", "card", {"loyalty_number": f"h{number}"})
    yield change("coupon", "dropped", "POST", "coupons", {"code": f"d{number}"})
    yield change("place", "dropped", "PUT", "place", {"place": "p2"})
    yield change("renew", "again", "POST", "renew", {})
    basket = given[f"basket bought {number}"]["id"]
    line = Write("", "PUT", "/baskets/{basket_id}/lines/{sku}", {"quantity": 3}, f"t-line-{number}", basket)
    yield line._replace(name=f"line {number}", rest="soap")


def _cards(number: int, given: Given) -> Iterator[Write]:
    printed = _code(given, f"printed {number}")
    put_on = {"code": printed, "amount": 500, "currency": "USD", "place": "p1"}
    yield _item(f"activate {number}", "POST", "/gift-cards/activate", **put_on)
    body = {"code": _code(given, f"card {number}")}
    yield Write(f"balance {number}", "POST", "/gift-cards/balance", body)
    said = {"purpose": "offers_email", "given": True, "at": AT, "text_version": "3"}
    yield _item(f"consent {number}", "POST", "/customers/consents", loyalty_number=f"h{number}", **said)
    yield _keyed(f"merge {number}", "POST", "/customers/merge", {"keep": f"h{number}", "other": f"i{number}"})
    yield Write(f"code {number}", "POST", "/customers/{loyalty_number}/code", named=f"e{number}")


def _code(given: Given, name: str) -> str:
    code: str = given[name]["results"][0]["result"]["code"]
    return code


def _checkouts(number: int, hubs: Hubs, given: Given) -> Iterator[Write]:
    for name in ("bought", "by-card", "again"):
        basket = given[f"basket {name} {number}"]["id"]
        seen = hubs.get(f"baskets/{basket}")
        body: dict[str, object] = {
            "version": seen["basket"]["version"], "expected_total": seen["priced"]["total"],
            "contact": {"name": "Ann", "email": "ann@shop.example"},
        }  # fmt: skip
        if name == "bought":
            body |= {"balances": [_code(given, f"card {number}")]}
        elif name == "by-card":
            body |= {"method": "card"}
        yield _keyed(f"checkout {name} {number}", "POST", "/baskets/{basket_id}/checkout", body, named=basket)


def _ends(number: int, given: Given) -> Iterator[Write]:
    dropped = given[f"basket dropped {number}"]["id"]
    yield _keyed(f"drop {number}", "POST", "/baskets/{basket_id}/drop", {}, named=dropped)
    block = {"code": _code(given, f"printed {number}"), "reason": "Stolen."}
    yield _keyed(f"block {number}", "POST", "/gift-cards/block", block)
    merge = str(given[f"merge {number}"]["id"])
    yield _keyed(f"undo {number}", "POST", "/customers/merges/{merge_id}/undo", named=merge)
    yield _keyed(f"erase {number}", "POST", "/customers/{loyalty_number}/erase", named=f"e{number}")


def _paying(number: int, hubs: Hubs, given: Given) -> Iterator[Write]:
    payment = payments_of(hubs, given, f"basket by-card {number}")["card"]["id"]
    card = {"token": "tok_approved"}
    yield _keyed(f"authorise {number}", "POST", "/payments/{payment_id}/authorise", card, named=payment)
    again = given[f"basket again {number}"]["id"]
    yield _keyed(f"reopen {number}", "POST", "/orders/{order_id}/reopen", {}, named=again)
    yield _step("pick", number, given)


def _step(verb: str, number: int, given: Given) -> Write:
    bought = given[f"basket bought {number}"]["id"]
    return _keyed(f"{verb} bought {number}", "POST", f"/orders/{{order_id}}/{verb}", {}, named=bought)


def _await_captured(hubs: Hubs, given: Given) -> None:
    """Wait until the subscribers have settled the orders that were handed over, and confirmed those paid by card."""
    until = time.monotonic() + PATIENCE
    while any(waiting := [_unsettled(hubs, given, number) for number in range(EACH)]):
        assert time.monotonic() < until, waiting
        time.sleep(0.1)


def _unsettled(hubs: Hubs, given: Given, number: int) -> list[object]:
    """Return what is not settled yet."""
    paid = payments_of(hubs, given, f"basket bought {number}").values()
    order = hubs.get(f"orders/{given[f'basket by-card {number}']['id']}")
    return [one for one in paid if one["status"] != "captured"] + [order] * (order["status"] != "placed")


def _refund(number: int, given: Given) -> Write:
    body = {"order": given[f"basket bought {number}"]["id"], "amount": REFUND, "reason": "Broken."}
    return _keyed(f"refund {number}", "POST", "/refunds", body)
