"""Offers as partners state them: what is taken, what is odd, what a shopper could see change, and in which order."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import connection

from onebasket.base import bulk
from onebasket.commerce.partners.actions import importing
from onebasket.commerce.partners.actions.importing import Stated, state_offers
from onebasket.commerce.partners.actions.oddities import settle_odd
from onebasket.commerce.partners.models import Oddity, Offer, OfferRevision
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.commerce.partners.rules.port import OfferStated
from tests.partnering import make_partner

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def partner() -> PartnerFacts:
    return make_partner()


def stated(reference: str = "lamp", **more: Any) -> OfferStated:
    fields: dict[str, Any] = {"title": "Copper lamp", "price": 1299, "currency": "USD", "stock": 4} | more
    return OfferStated(reference=reference, **fields)


def state(partner: PartnerFacts, *offers: OfferStated, at: datetime = NOW) -> Stated:
    return state_offers(partner.id, offers, now=at)


def numbers() -> dict[str, int]:
    return dict(Offer.objects.values_list("reference", "changed"))


def oddities() -> list[tuple[str, str]]:
    return sorted(Oddity.objects.values_list("reference", "reason"))


def test_all_that_is_stated_is_kept(partner: PartnerFacts) -> None:
    every = stated(
        list_price=1999, available=True, seller="Loom Ltd", brand="Loom", gtin="4006381333931", model="L-1",
        category="Home > Lighting", description="Warm light.", url="https://lantern.example/lamp", shipping_amount=0,
        days_from=2, days_to=4, stated_at=NOW - HOUR,
    )  # fmt: skip
    assert state(partner, every) == Stated(created=1, changed_to=1)
    row = Offer.objects.get()
    for name in every.__struct_fields__:
        if name != "gtin":
            assert getattr(row, name) == getattr(every, name), name
    assert (row.gtin, row.partner_id, row.changed, row.seen_at) == ("04006381333931", partner.id, 1, NOW)


def test_what_nobody_could_see_changes_only_its_times(partner: PartnerFacts) -> None:
    state(partner, stated("lamp"), stated("rug"))
    before = numbers()
    assert state(partner, stated("lamp"), stated("rug"), at=NOW + HOUR) == Stated(unchanged=2, changed_to=2)
    assert numbers() == before
    assert set(Offer.objects.values_list("stated_at", "seen_at")) == {(NOW + HOUR, NOW + HOUR)}
    assert OfferRevision.objects.get().changed == 2


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Brass lamp"}, {"price": 1300}, {"list_price": 1500}, {"stock": 3}, {"stock": None},
        {"available": False}, {"seller": "Loom"}, {"brand": "Loom"}, {"gtin": "4006381333931"}, {"model": "L"},
        {"category": "Home"}, {"description": "Warm."}, {"url": "https://lantern.example/l"}, {"shipping_amount": 1},
        {"days_from": 1}, {"days_to": 3},
    ],
)  # fmt: skip
def test_whatever_a_shopper_could_see_is_a_change(partner: PartnerFacts, change: dict[str, Any]) -> None:
    state(partner, stated(), stated("rug"))
    token = OfferRevision.objects.get().token
    assert state(partner, stated(**change), stated("rug"), at=NOW + HOUR) == Stated(
        changed=1, unchanged=1, changed_to=3
    )
    assert numbers() == {"lamp": 3, "rug": 2}
    assert OfferRevision.objects.get().token != token
    row = Offer.objects.get(reference="lamp")
    assert {name: getattr(row, name) for name in change} == {
        name: value.zfill(14) if name == "gtin" else value for name, value in change.items()
    }


def test_an_older_statement_never_takes_the_place_of_a_newer_one(partner: PartnerFacts) -> None:
    state(partner, stated(price=1299))
    older = stated(price=1199, stated_at=NOW - HOUR)
    assert state(partner, older, at=NOW + HOUR) == Stated(unchanged=1, changed_to=1)
    row = Offer.objects.get()
    assert (row.price, row.stated_at, row.seen_at) == (1299, NOW, NOW + HOUR)
    state(partner, stated(price=1399, stated_at=NOW + HOUR), at=NOW + HOUR)
    assert Offer.objects.get().price == 1399


def test_a_statement_from_the_future_does_not_bar_later_ones(partner: PartnerFacts) -> None:
    state(partner, stated(price=1299, stated_at=NOW + timedelta(days=400)))
    assert Offer.objects.get().stated_at == NOW
    assert state(partner, stated(price=1300), at=NOW + HOUR).changed == 1


def test_of_an_offer_stated_twice_the_later_holds_and_of_one_time_the_last(partner: PartnerFacts) -> None:
    at = NOW - HOUR
    twice = [
        stated(price=1, stated_at=NOW),
        stated(price=2, stated_at=at),
        stated("rug", price=3),
        stated("rug", price=4),
    ]
    assert state(partner, *twice) == Stated(created=2, unchanged=2, changed_to=2)
    assert dict(Offer.objects.values_list("reference", "price")) == {"lamp": 1, "rug": 4}


def test_an_offer_ends_and_comes_back(partner: PartnerFacts) -> None:
    gone = OfferStated(reference="lamp", gone=True)
    assert state(partner, gone) == Stated(unchanged=1)
    state(partner, stated())
    assert state(partner, gone, at=NOW + HOUR) == Stated(ended=1, changed_to=2)
    assert state(partner, gone, at=NOW + HOUR) == Stated(unchanged=1, changed_to=2)
    row = Offer.objects.get()
    assert (row.gone, row.title, row.changed, row.stated_at) == (True, "Copper lamp", 2, NOW + HOUR)
    assert state(partner, stated(), at=NOW + 2 * HOUR) == Stated(changed=1, changed_to=3)
    assert not Offer.objects.get().gone


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        (stated(""), "no_reference"), (stated("x" * 65), "long_reference"), (stated("a\x00b"), "unreadable_text"),
        (stated(title=" "), "no_title"), (stated(price=0), "no_price"), (stated(price=-5), "no_price"),
        (stated(price=10**16), "no_price"), (stated(currency="XXY"), "no_currency"),
        (stated(currency=""), "no_currency"), (stated(stock=-1), "negative_stock"),
        (stated(url="javascript:alert(1)"), "bad_url"), (stated(url="https://x.example/" + "y" * 1000), "bad_url"),
        (stated(title="a\x00b"), "unreadable_text"), (stated(description="\udc80"), "unreadable_text"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_kept_with_its_content_and_its_neighbours_go_on(
    partner: PartnerFacts, offer: OfferStated, reason: str
) -> None:
    assert state(partner, offer, stated("rug")) == Stated(created=1, odd=1, changed_to=1)
    assert list(Offer.objects.values_list("reference", flat=True)) == ["rug"]
    odd = Oddity.objects.get()
    assert (odd.partner_id, odd.kind, odd.reason, odd.times) == (partner.id, "offer", reason, 1)
    content = msgspec.json.decode(odd.content)
    assert content["price"] == offer.price
    state(partner, offer, at=NOW + HOUR)
    assert Oddity.objects.get().times == 2


@pytest.mark.parametrize(
    ("more", "reason", "kept"),
    [
        ({"gtin": "4006381333932"}, "bad_gtin", {"gtin": ""}),
        ({"gtin": "4011"}, "bad_gtin", {"gtin": ""}),
        ({"gtin": "n/a"}, "bad_gtin", {"gtin": ""}),
        ({"shipping_amount": -1}, "bad_shipping", {"shipping_amount": None}),
        ({"days_from": 5, "days_to": 2}, "bad_days", {"days_from": None, "days_to": None}),
    ],
)
def test_a_detail_that_cannot_be_right_is_left_out_and_said(
    partner: PartnerFacts, more: dict[str, Any], reason: str, kept: dict[str, Any]
) -> None:
    assert state(partner, stated(**more)) == Stated(created=1, odd=1, changed_to=1)
    assert oddities() == [("lamp", reason)]
    (row,) = Offer.objects.values(*kept)
    assert row == kept


def test_details_that_many_lack_are_told_as_a_number(partner: PartnerFacts) -> None:
    every = [stated(f"o{n:03}", gtin="none") for n in range(50)]
    assert state(partner, *every) == Stated(created=50, odd=50, changed_to=50)
    assert oddities() == [("", "bad_gtin"), *((f"o{n:03}", "bad_gtin") for n in range(20))]
    assert "30 more offers had it" in Oddity.objects.get(reference="").explanation


def test_things_without_a_reference_stand_by_themselves_and_the_same_counts_up(partner: PartnerFacts) -> None:
    assert state(partner, stated("", price=1), stated("", price=2)).odd == 2
    assert state(partner, stated("", price=2), at=NOW + HOUR).odd == 1
    found = {msgspec.json.decode(one.content)["price"]: one.times for one in Oddity.objects.all()}
    assert found == {1: 1, 2: 2}


def test_what_is_not_odd_is_made_fit(partner: PartnerFacts) -> None:
    long = stated(title="t" * 400, list_price=1299, stock=10**12, gtin="2000000000008", currency="ISK")
    assert state(partner, long) == Stated(created=1, changed_to=1)
    row = Offer.objects.get()
    assert (row.title, row.list_price, row.stock, row.gtin) == ("t" * 300, None, 2_000_000_000, "")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"price": 1299 * 20 + 1}, "price_leap"), ({"price": 64}, "price_leap"),
        ({"currency": "GBP"}, "currency_changed"),
    ],
)  # fmt: skip
def test_a_price_that_leaps_waits_for_a_person(partner: PartnerFacts, more: dict[str, Any], reason: str) -> None:
    state(partner, stated())
    assert state(partner, stated(**more), at=NOW + HOUR) == Stated(odd=1, changed_to=1)
    row = Offer.objects.get()
    assert (row.price, row.currency, row.stated_at, row.seen_at) == (1299, "USD", NOW, NOW + HOUR)
    assert oddities() == [("lamp", reason)]

    settle_odd(Oddity.objects.get().pk, actor="ann", note="asked the partner")
    assert state(partner, stated(**more), at=NOW + 2 * HOUR) == Stated(changed=1, changed_to=2)
    assert Offer.objects.get().price == more.get("price", 1299)


def test_what_was_settled_holds_for_that_price_alone(partner: PartnerFacts) -> None:
    state(partner, stated())
    state(partner, stated(price=100_000), at=NOW + HOUR)
    settle_odd(Oddity.objects.get().pk, actor="ann", note="")
    assert state(partner, stated(price=200_000), at=NOW + 2 * HOUR).odd == 1
    assert Offer.objects.get().price == 1299


@pytest.mark.parametrize("price", [1299 * 20, 65])
def test_a_price_may_go_twentyfold(partner: PartnerFacts, price: int) -> None:
    state(partner, stated())
    assert state(partner, stated(price=price), at=NOW + HOUR) == Stated(changed=1, changed_to=2)


def test_what_is_odd_but_listed_was_seen(partner: PartnerFacts) -> None:
    state(partner, stated())
    state(partner, stated(title=""), at=NOW + HOUR)
    row = Offer.objects.get()
    assert (row.title, row.stated_at, row.seen_at) == ("Copper lamp", NOW, NOW + HOUR)


def test_partners_do_not_touch_one_another(partner: PartnerFacts) -> None:
    other = make_partner("harbour")
    state(partner, stated(price=1000))
    assert state(other, stated(price=2000)) == Stated(created=1, changed_to=2)
    assert sorted(Offer.objects.values_list("partner_id", "price")) == sorted([(partner.id, 1000), (other.id, 2000)])


def test_many_times_of_statement_are_written_each_with_its_own(partner: PartnerFacts) -> None:
    offers = [stated(f"o{n}", stated_at=NOW - HOUR) for n in range(30)]
    state(partner, *offers)
    later = [stated(f"o{n}", stated_at=NOW + n * HOUR) for n in range(30)]
    assert state(partner, *later, at=NOW + 40 * HOUR).unchanged == 30
    assert {row.reference: row.stated_at for row in Offer.objects.all()} == {
        one.reference: one.stated_at for one in later
    }


def test_numbers_go_on_from_offers_that_were_there_before_the_revision(partner: PartnerFacts) -> None:
    Offer.objects.create(partner_id=partner.id, reference="old", title="Old", price=1, currency="USD", changed=41,
                         stated_at=NOW, seen_at=NOW)  # fmt: skip
    assert state(partner, stated()).changed_to == 42


def test_a_batch_is_few_statements(partner: PartnerFacts, django_assert_max_num_queries: Any) -> None:
    state(partner, *[stated(f"o{n}") for n in range(100)])
    with django_assert_max_num_queries(12):
        changed = [stated(f"o{n}", price=1300 if n < 10 else 1299) for n in range(120)]
        assert state(partner, *changed, at=NOW + HOUR)[:3] == (20, 10, 90)


def _missed(partner: PartnerFacts) -> bool:
    """Have two writers at once, one of which commits late; say whether a follower passes over what that one wrote."""
    inside, go_on = threading.Event(), threading.Event()
    read: list[int] = []

    def late() -> None:
        with bulk.batch():
            importing.write_offers(
                partner.id, importing.prepare_offers([stated("late"), stated("later")], now=NOW), now=NOW
            )
            inside.set()
            go_on.wait(10)
        connection.close()

    def soon() -> None:
        state(partner, stated("soon"))
        connection.close()

    def follow(after: int) -> int:
        for number in sorted(Offer.objects.filter(changed__gt=after).values_list("changed", flat=True)):
            read.append(number)
            after = number
        return after

    first, second = threading.Thread(target=late), threading.Thread(target=soon)
    first.start()
    assert inside.wait(10)
    second.start()
    second.join(1)
    at = follow(0)
    go_on.set()
    first.join()
    second.join()
    follow(at)
    return sorted(read) != sorted(Offer.objects.values_list("changed", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_follower_never_misses_what_commits_late(partner: PartnerFacts) -> None:
    assert not _missed(partner)
    assert sorted(numbers().values()) == [1, 2, 3]


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_it_would(partner: PartnerFacts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: numbers out of a counter that commits by itself, as a sequence does."""
    if not bulk.is_postgresql():
        pytest.skip("SQLite has one writer at a time anyway")
    last = [0]

    def number() -> int:
        last[0] += 10
        return last[0]

    monkeypatch.setattr(importing, "lock_revision", number)
    written: Callable[..., None] = bulk.write
    monkeypatch.setattr(bulk, "write", lambda sql, *rest: None if "offerrevision" in sql else written(sql, *rest))
    assert _missed(partner)
