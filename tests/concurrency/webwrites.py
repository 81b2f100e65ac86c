"""Every write that the API offers, as requests that may be sent any number of times, to any hub, in any order."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.channels.api import fact_body, order_body, receipt_body
from tests.concurrency.hubs import Hubs

EACH = 3
"""So many requests of each kind."""
Given = Mapping[str, Any]
"""What a request was answered, by its name."""
_NAMED = re.compile(r"\{\w+\}")


class Write(NamedTuple):
    """A request; `route` is its path as the API's document names it, `key` stands in the header where it is stated.

    `named` and `rest` are what the route names, first and second.
    """

    name: str
    method: str
    route: str
    body: object = None
    key: str = ""
    named: str = ""
    rest: str = ""

    @property
    def path(self) -> str:
        """The path, with what it names put in."""
        names = iter((self.named, self.rest))
        return _NAMED.sub(lambda _: next(names), self.route).removeprefix("/")


def open_chain(hubs: Hubs, *, products: Mapping[str, int]) -> None:
    """Make places p1 and p2, and products at 1.00 each with so much of each on the shelves of p1."""
    for one in (
        *(_place(code, code) for code in ("p1", "p2")),
        *(_unit(code, decimals) for code, decimals in (("each", 0),)),
        *(_product(sku, sku) for sku in products),
        *(_price(sku, sku, 100, "2026-01-01") for sku in products),
        _fact("opening", "delivery", dict(products), occurred_at="2026-03-01T05:00:00Z"),
    ):
        answer = hubs.send(one.method, one.path, one.body, one.key)
        assert answer.status == 200, answer
        assert answer.results[0]["outcome"] in {"created", "booked"}, answer


def phases(hubs: Hubs, given: Given) -> Iterator[list[Write]]:
    """Yield the writes in phases, each of which needs the answers to the one before."""
    each = range(EACH)
    yield [write for number in each for write in (*_master_data(number), *_later(number), *_offers(number))]
    facts = [write for number in each for write in (*_facts(number), *_launches(number))]
    yield facts + [write for number in each for write in (*_receipts(number), *_promises(number))]
    steps = [write for number in each for write in (*_steps(number, given), *_offers_end(number))]
    yield steps + [write for number in each for write in _mending(number, hubs, given)]
    yield [write for number in each for write in _next_steps(number, given)]
    yield [_step("put-back", "undone", number, given) for number in each]


def _put(title: str, route: str, **item: object) -> Write:
    key = f"t-{title.replace(' ', '-')}"
    return Write(title, "PUT", route, {"items": [{"key": key} | item]})


def _post(name: str, route: str, *items: object) -> Write:
    return Write(name, "POST", route, {"items": items})


def _place(name: str, code: str) -> Write:
    return _put(f"place {name}", "/places", code=code, name=code, currency="USD", time_zone="America/New_York")


def _unit(code: str, decimals: int) -> Write:
    return _put(f"unit {code}", "/units", code=code, decimals=decimals)


def _product(name: str, sku: str) -> Write:
    return _put(f"product {name}", "/products", sku=sku, name=sku)


def _price(name: str, sku: str, amount: int, day: str) -> Write:
    valid = f"{day}T00:00:00Z"
    return _put(f"price {name}", "/prices", sku=sku, currency="USD", amount=amount, valid_from=valid)


def _fact(key: str, kind: str, lines: Mapping[str, int], **more: Any) -> Write:
    extra = more.pop("line", {})
    body = fact_body(f"t-{key}", kind, lines, **more)
    body["lines"] = [line | extra for line in body["lines"]]
    return _post(f"{kind} {key}", "/stock/facts", body)


def _master_data(number: int) -> Iterator[Write]:
    yield _place(f"{number}", f"t{number}")
    yield _unit(f"u{number}", 2)
    yield _product(f"{number}", f"s{number}")
    yield _price(f"{number}", "milk", 100 + number, f"2026-02-0{1 + number}")
    yield _put(f"customer {number}", "/customers", loyalty_number=f"l{number}")
    # Two keys and one buffer: whichever comes first makes it.
    for letter in "ab":
        yield _put(
            f"buffer {number}{letter}", "/stock/buffers", place="p1", quantity=1, channel=f"c{number}", sku="milk"
        )


def _later(number: int) -> Iterator[Write]:
    hook = {"url": f"https://shop{number}.example/news", "types": ["order.expired"]}
    yield Write(f"webhook {number}", "PUT", "/webhooks", hook, f"t-webhook-{number}")
    ends = {"key": f"t-end-{number}", "sku": "bread", "currency": "USD", "ends_at": f"2027-01-0{1 + number}T00:00:00Z"}
    yield _post(f"price-end {number}", "/prices/end", ends)


def _offers(number: int) -> Iterator[Write]:
    begins = f"2026-02-0{1 + number}T00:00:00Z"
    campaign = {"code": f"m{number}", "name": "March", "valid_from": begins, "households": [f"l{number}"]}
    yield _put(f"campaign {number}", "/campaigns", **campaign)
    yield _put(f"coupon card {number}", "/coupons", code=f"d{number}", medium="digital")
    yield _put(f"coupon once {number}", "/coupons", code=f"o{number}", medium="single_use")
    terms = {
        "code": f"deal{number}", "name": "Tenth off", "saving": {"kind": "percent_off", "share": 100_000},
        "valid_from": begins, "goods": {"skus": ["bread"]},
    }  # fmt: skip
    yield _put(f"promotion {number}", "/promotions", promotion=terms)
    yield _put(f"tax {number}", "/taxes", code=f"tax{number}", rate=60_000, valid_from=begins)
    yield _put(f"tax terms {number}", "/taxes/terms", valid_from=begins, included=bool(number % 2))
    yield _put(f"tax class {number}", "/taxes/classes", department=f"d{number}", tax_class="food")


def _launches(number: int) -> Iterator[Write]:
    serials = {"key": f"t-serials-{number}", "coupon": f"o{number}", "serials": [f"aaaaaaaaaa{number}"]}
    yield _post(f"serials {number}", "/coupons/serials", serials)
    yield _post(f"launch {number}", "/promotions/launch", {"key": f"t-launch-{number}", "code": f"deal{number}"})
    ends = {"key": f"t-tax-end-{number}", "code": f"tax{number}", "ends_at": "2027-01-01T00:00:00Z"}
    yield _post(f"tax-end {number}", "/taxes/end", ends)


def _offers_end(number: int) -> Iterator[Write]:
    clip = {"key": f"t-clip-{number}", "coupon": f"d{number}", "loyalty_number": f"l{number}"}
    yield _post(f"clip {number}", "/coupons/clip", clip)
    yield _post(f"deal-end {number}", "/promotions/end", {"key": f"t-deal-end-{number}", "code": f"deal{number}"})
    yield _post(f"coupon-end {number}", "/coupons/end", {"key": f"t-coupon-end-{number}", "code": f"o{number}"})


def _facts(number: int) -> Iterator[Write]:
    both = {"milk": 10, "bread": 5} if number % 2 else {"bread": 5, "milk": 10}
    at = f"2026-03-02T15:0{number}:00Z"
    yield _fact(f"d{number}", "delivery", both)
    yield _fact(f"c{number}", "count", {"apples": 70 + number}, occurred_at=at)
    yield _fact(f"a{number}", "adjustment", {"bread": -2})
    yield _fact(f"m{number}", "move", {"bread": 1}, line={"to_state": "unsellable"})
    yield _fact(f"t{number}", "transfer", {"milk": 2}, to_place="p2")
    yield _fact(f"n{number}", "arrival", {"milk": 2}, place="p2")
    yield _fact(f"r{number}", "return", {"bread": 1})
    yield _post(f"product-end {number}", "/products/retire", {"key": f"t-retire-{number}", "sku": f"s{number}"})
    left = {"key": f"t-left-{number}", "loyalty_number": f"l{number}"}
    yield _post(f"customer-end {number}", "/customers/retire", left)


def _receipts(number: int) -> Iterator[Write]:
    lines = {"milk": (1, 199), "bread": (2, 500)}
    yield _post(f"sale {number}", "/receipts", receipt_body(f"t-sale-{number}", lines))
    original = {"place": "p1", "till": "1", "business_day": "2026-03-02", "number": f"t-voided-{number}"}
    yield _post(f"voided {number}", "/receipts", receipt_body(f"t-voided-{number}", lines))
    void = receipt_body(f"t-void-{number}", {}, kind="void", original=original)
    yield _post(f"void {number}", "/receipts", void)
    yield _post(
        f"brought-back {number}", "/receipts", receipt_body(f"t-back-{number}", {"milk": (1, 199)}, kind="return")
    )
    # One line for somebody to mend, another to dismiss; one message to book after all, another to discard.
    odd = receipt_body(f"t-odd-{number}", {"gum": (1, 50), "tape": (1, 70)})
    yield _post(f"odd {number}", "/receipts", odd)
    yield _post(f"unread {number}", "/receipts", receipt_body(f"t-unread-{number}", {"milk": (1, 199)}, till=7))
    yield _post(f"useless {number}", "/receipts", {"key": f"t-useless-{number}", "place": "p1"})


def _promises(number: int) -> Iterator[Write]:
    lines = {"milk": 1, "bread": 2} if number % 2 else {"bread": 2, "milk": 1}
    for name in ("dropped", "handed", "undone"):
        yield Write(f"order {name} {number}", "POST", "/orders", order_body(lines), f"t-{name}-{number}")
    waiting = order_body(lines, payment_minutes=60)
    yield Write(f"order paid {number}", "POST", "/orders", waiting, f"t-paid-{number}")
    missing = order_body({"milk": 10**6})
    yield Write(f"order refused {number}", "POST", "/orders", missing, f"t-refused-{number}")
    pair = [{"key": f"t-{name}-{number}"} | order_body(lines) for name in ("first", "second")]
    yield _post(f"orders {number}", "/orders/batch", *pair)
    basket = {"place": "p1", "lines": [{"sku": "milk", "quantity": 1}], "seconds": 3_600}
    for name in ("kept", "taken", "let-go"):
        yield Write(f"hold {name} {number}", "POST", "/holds", basket, f"t-hold-{name}-{number}")


def _step(verb: str, order: str, number: int, given: Given) -> Write:
    identity, key = given[f"order {order} {number}"]["id"], f"t-{verb}-{order}-{number}"
    return Write(f"{verb} {order} {number}", "POST", f"/orders/{{order_id}}/{verb}", {}, key, identity)


def _steps(number: int, given: Given) -> Iterator[Write]:
    yield _step("cancel", "dropped", number, given)
    yield _taken_back(number)
    yield _step("pick", "handed", number, given)
    yield _step("pick", "undone", number, given)
    yield _step("confirm-payment", "paid", number, given)
    taken = order_body({"milk": 1}, hold=given[f"hold taken {number}"]["id"])
    yield Write(f"order of-hold {number}", "POST", "/orders", taken, f"t-of-hold-{number}")
    yield Write(f"let-go {number}", "DELETE", "/holds/{hold_id}", named=given[f"hold let-go {number}"]["id"])


def _taken_back(number: int) -> Write:
    """Bring a milk of a sale back to where it was sold; its cash goes back, so that every answer is the same."""
    printed = {"place": "p1", "till": "1", "business_day": "2026-03-02", "number": f"t-sale-{number}"}
    line = {"line": 1, "quantity": 1, "disposition": "sellable"}
    body = {"place": "p1", "operator": "eve", "receipt": printed, "lines": [line]}
    return Write(f"taken-back {number}", "POST", "/returns", body, f"t-taken-back-{number}")


def _mending(number: int, hubs: Hubs, given: Given) -> Iterator[Write]:
    receipt = given[f"odd {number}"]["results"][0]["result"]["receipt"]
    odd = {one["code"]: one["id"] for one in hubs.get("line-exceptions")["items"] if one["receipt"] == receipt}
    line = "/line-exceptions/{exception_id}"
    known = {"sku": "bread"}
    yield Write(f"mend-line {number}", "POST", f"{line}/mend", known, f"t-mend-line-{number}", str(odd["gum"]))
    why = {"note": "No goods."}
    yield Write(f"dismiss-line {number}", "POST", f"{line}/dismiss", why, f"t-dismiss-line-{number}", str(odd["tape"]))
    item = "/quarantine/{item_id}"
    useless, unread = (str(_kept(given, name, number)) for name in ("useless", "unread"))
    yield Write(f"discard {number}", "POST", f"{item}/discard", {"note": "Empty."}, f"t-discard-{number}", useless)
    mended = {"message": receipt_body(f"t-unread-{number}", {"milk": (1, 199)})}
    yield Write(f"mend {number}", "POST", f"{item}/mend", mended, f"t-mend-{number}", unread)


def _kept(given: Given, name: str, number: int) -> int:
    identity: int = given[f"{name} {number}"]["results"][0]["result"]["id"]
    return identity


def _next_steps(number: int, given: Given) -> Iterator[Write]:
    yield _step("hand-over", "handed", number, given)
    yield _step("cancel", "undone", number, given)
    unread = str(_kept(given, "unread", number))
    yield Write(f"replay {number}", "POST", "/quarantine/{item_id}/replay", {}, f"t-replay-{number}", unread)
    # The same message sent once more, mended by its till: it and the replay book it once.
    again = receipt_body(f"t-unread-{number}", {"milk": (1, 199)})
    yield _post(f"resent {number}", "/receipts", again)
    named = given[f"webhook {number}"]["id"]
    yield Write(f"webhook-end {number}", "DELETE", "/webhooks/{webhook_id}", named=named)
