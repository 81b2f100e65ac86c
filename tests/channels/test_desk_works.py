"""What people change in the back office: one action each, one effect, and a trail entry."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from onebasket.base.models import QuarantineItem, TrailEntry
from onebasket.commerce.access.models import Source, Token, User
from onebasket.commerce.access.queries import sources_by_code
from onebasket.commerce.access.rules import is_token
from onebasket.commerce.orders.models import Order, OrderLine
from onebasket.commerce.pricing.models import Price
from onebasket.commerce.sales.models import LineException, Receipt
from onebasket.commerce.stock.models import Breach, Buffer, Count, Discrepancy, Movement, Shelf
from onebasket.commerce.stock.rules.ends import Kind
from onebasket.kernel.identity import new_id
from tests.channels.test_desk_world import PASSWORD, Stands, World, make_stands, tied_text, untied_item
from tests.standing import Standing

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def made(standing: Standing) -> Stands:
    return standing(make_stands)


@pytest.fixture
def world(made: Stands) -> World:
    return made.world


@pytest.fixture
def admin(made: Stands) -> Client:
    client = Client()
    client.force_login(made.own_people()["admin"])
    return client


def do(client: Client, slug: str, identity: object = None, **data: Any) -> Any:
    """Send a work's form and follow; return the last page."""
    name = "desk:work" if identity is None else "desk:work_on_row"
    where = reverse(name, args=[slug] if identity is None else [slug, identity])
    response = client.post(where, {"key": str(new_id()), **data}, follow=True)
    assert response.status_code == 200
    return response


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def refused(response: Any) -> dict[str, list[str]]:
    return dict(response.context["form"].errors)


def trail(target: str) -> list[tuple[str, str]]:
    return list(TrailEntry.objects.filter(target=target).order_by("pk").values_list("actor", "action"))


def on_hand(sku: str, place: str = "330", state: int = 1) -> int:
    return Shelf.objects.get(product__sku=sku, place__code=place, state=state).on_hand


def test_a_quarantined_receipt_is_mended_and_booked(admin: Client) -> None:
    item = untied_item()
    before = on_hand("908531")

    done = do(admin, "mend-quarantined", item.pk, content=tied_text(item), replay="on")

    assert said(done) == ["Booked. The message is settled."]
    item.refresh_from_db()
    assert (item.state, item.settled_by) == ("replayed", "admin")
    booked = Receipt.objects.get(number="s-330-3")
    assert (booked.place.code, booked.change, booked.paid_total) == ("330", 411, 589)
    assert on_hand("908531") == before - 2
    assert trail(f"quarantine/{item.pk}") == [("admin", "quarantine.mend"), ("admin", "quarantine.replayed")]
    assert f"/desk/sales/receipt/{booked.pk}/change/" in done.content.decode()


def test_what_fails_again_stays_and_says_why(admin: Client) -> None:
    item = untied_item()

    done = do(admin, "mend-quarantined", item.pk, content=item.content, replay="on")

    assert refused(done)["__all__"][0].startswith("It stays here: Lines come to 589")
    item.refresh_from_db()
    assert item.state == "open"
    assert not Receipt.objects.filter(number="s-330-3").exists()
    assert QuarantineItem.objects.filter(state="open").count() == 5


def test_a_quarantined_item_is_discarded_with_a_note(admin: Client) -> None:
    item = untied_item()

    assert refused(do(admin, "discard", item.pk, note=" ")) == {"note": ["This field is required."]}
    done = do(admin, "discard", item.pk, note="Rung up twice.")

    assert said(done) == ["Discarded."]
    item.refresh_from_db()
    assert (item.state, item.note) == ("discarded", "Rung up twice.")
    assert said(do(admin, "replay", item.pk)) == ["Replay: this is not open to it any more. Nothing was changed."]


def test_a_line_exception_is_mended_by_one_movement(admin: Client) -> None:
    line = LineException.objects.get(place__code="330")
    before = on_hand("1029743")

    assert refused(do(admin, "mend-line", line.pk, sku="nobody")) == {"sku": ["No product has the SKU 'nobody'."]}
    assert "quantity" in refused(do(admin, "mend-line", line.pk, sku="1029743", quantity="much"))
    done = do(admin, "mend-line", line.pk, sku="1029743", quantity="0.842")

    assert said(done) == ["The line was Bananas, yellow. Its stock has moved."]
    assert on_hand("1029743") == before - 842
    assert Movement.objects.filter(kind=Kind.MEND, quantity=842).count() == 1
    assert trail(f"line-exception/{line.pk}") == [("admin", "line_exception.mended")]


def test_a_line_exception_is_dismissed(admin: Client) -> None:
    line = LineException.objects.get(place__code="330")

    assert said(do(admin, "dismiss-line", line.pk, note="A bag.")) == ["Dismissed. No stock was moved."]
    line.refresh_from_db()
    assert (line.state, line.note, line.settled_by) == ("dismissed", "A bag.", "admin")


def test_a_breach_is_settled_by_cancelling_an_order_at_risk(admin: Client, world: World) -> None:
    breach, order = Breach.objects.get(place__code="330"), world.orders["330"]

    do(admin, "note-breach", breach.pk, note="Looked behind the shelf.")
    assert "order" in refused(do(admin, "settle-breach", breach.pk, order=str(world.orders["406"]), note="no"))
    done = do(admin, "settle-breach", breach.pk, order=str(order), note="Not enough milk.")

    assert said(done) == ["The order is cancelled."]
    breach.refresh_from_db()
    assert breach.closed_at is not None
    assert (breach.note, breach.noted_by) == ("Looked behind the shelf.", "admin")
    assert Order.objects.get(pk=order).status == "cancelled"
    assert trail(f"breach/{breach.pk}") == [("admin", "breach.note"), ("admin", "breach.settle")]
    assert trail(f"order/{order}") == [("admin", "order.cancel")]


def test_a_discrepancy_is_closed_by_a_count(admin: Client) -> None:
    odd = Discrepancy.objects.get(place__code="330")

    assert "quantity" in refused(do(admin, "count-discrepancy", odd.pk, quantity="-1"))
    assert "quantity" in refused(do(admin, "count-discrepancy", odd.pk, quantity="1.5"))
    do(admin, "note-discrepancy", odd.pk, note="Counting tonight.")
    done = do(admin, "count-discrepancy", odd.pk, quantity="5")

    assert said(done) == ["The count of Bread, Italian is booked."]
    assert on_hand("995242") == 5
    odd.refresh_from_db()
    assert odd.closed_at is not None
    assert trail(f"discrepancy/{odd.pk}") == [("admin", "discrepancy.note"), ("admin", "stock.count")]
    assert QuarantineItem.objects.filter(kind="stock").count() == 1


def test_the_same_form_twice_has_one_effect(admin: Client) -> None:
    shelf = Shelf.objects.get(product__sku="995242", place__code="330", state=1)
    key = str(new_id())

    do(admin, "count-shelf", shelf.pk, quantity="5", key=key)
    again = do(admin, "count-shelf", shelf.pk, quantity="5", key=key)

    assert said(again) == ["This form was sent before. It was done once."]
    other = Client()
    other.force_login(User.objects.get(username="admin"))
    elsewhere = do(other, "count-shelf", shelf.pk, quantity="6", key=key)
    assert "was booked before with other content" in refused(elsewhere)["__all__"][0]
    assert Count.objects.filter(product__sku="995242").count() == 1
    assert QuarantineItem.objects.filter(reason="conflict").count() == 0


def test_an_order_is_picked_short_handed_over(admin: Client, world: World) -> None:
    order = world.orders["406"]

    assert "line-1" in refused(do(admin, "pick", order, **{"line-1": "eight", "line-2": "1.5"}))
    done = do(admin, "pick", order, **{"line-1": "6", "line-2": "1.5"})

    assert said(done) == ["The order is ready."]
    assert list(OrderLine.objects.filter(order=order).order_by("number").values_list("picked", flat=True)) == [6, 1500]
    assert on_hand("908531", "406", state=2) == 6
    assert said(do(admin, "hand-over", order)) == ["The order is handed over."]
    assert on_hand("908531", "406", state=2) == 0
    assert trail(f"order/{order}") == [("admin", "order.pick"), ("admin", "order.hand_over")]


def test_a_cancelled_orders_goods_are_put_back(admin: Client, world: World) -> None:
    order = world.orders["406"]
    before = on_hand("1029743", "406")
    do(admin, "pick", order, **{"line-1": "6", "line-2": "1.5"})

    assert said(do(admin, "cancel", order, reason="Nobody came.")) == ["The order is cancelled."]
    assert on_hand("1029743", "406") == before - 1500
    assert said(do(admin, "put-back", order)) == ["The order is cancelled."]

    assert on_hand("1029743", "406") == before
    assert said(do(admin, "put-back", order)) == ["Put back: this is not open to it any more. Nothing was changed."]


def test_a_buffer_is_set(admin: Client) -> None:
    both = do(admin, "set-buffer", place="330", channel="web", sku="1029743", unit="kg", quantity="1")
    assert refused(both) == {"__all__": ["Name either a product or a unit."]}
    assert "__all__" in refused(do(admin, "set-buffer", place="nowhere", sku="1029743", quantity="1"))
    assert "quantity" in refused(do(admin, "set-buffer", place="330", sku="1029743", quantity="-1"))

    done = do(admin, "set-buffer", place="330", channel="web", sku="1029743", quantity="1.25")

    assert said(done) == ["The buffer is set."]
    assert Buffer.objects.get(product__sku="1029743").quantity == 1250
    assert trail("buffer/330/web/1029743") == [("admin", "buffer.set")]


def test_a_price_is_set_and_ended(admin: Client) -> None:
    assert "sku" in refused(do(admin, "set-price", sku="nobody", amount="1", per_quantity="1", currency="USD"))
    assert "amount" in refused(do(admin, "set-price", sku="1029743", amount="1.999", per_quantity="1", currency="USD"))
    assert "currency" in refused(do(admin, "set-price", sku="1029743", amount="1.99", per_quantity="1"))
    assert "place" in refused(do(admin, "set-price", sku="1029743", amount="1", per_quantity="1", place="nowhere"))

    done = do(admin, "set-price", sku="1029743", place="330", amount="1.49", per_quantity="1")
    again = do(
        admin, "set-price", sku="1029743", place="330", amount="1.49", per_quantity="1", valid_from="2099-01-01T08:00"
    )

    assert said(done) == ["The price is set."]
    assert said(again) == ["That is how it stood already. Nothing was changed."]
    price = Price.objects.get(product__sku="1029743", place__code="330")
    assert (price.amount, price.per_quantity, price.currency, price.valid_to) == (149, 1000, "USD", None)
    assert said(do(admin, "end-price", sku="1029743", place="330")) == ["The price has ended."]
    assert (
        Price.objects.filter(product__sku="1029743", place__code="330", superseded_at=None, valid_to=None).count() == 0
    )
    assert trail("price/1029743") == [("admin", "price.set"), ("admin", "price.end")]


def test_a_card_price_is_set_and_ended(admin: Client) -> None:
    shelf = Price.objects.get(product__sku="995242", place=None)

    set_it = {"sku": "995242", "kind": "loyalty", "currency": "USD", "amount": "1.99", "per_quantity": "1"}
    assert refused(do(admin, "set-price", **set_it | {"kind": "free"})) == {
        "kind": ["Select a valid choice. free is not one of the available choices."]
    }
    assert said(do(admin, "set-price", **set_it)) == ["The price is set."]
    card = Price.objects.get(product__sku="995242", kind=2)
    assert (card.amount, card.version, card.valid_to) == (199, 1, None)
    ended = do(admin, "end-price", sku="995242", kind="loyalty", currency="USD")
    assert said(ended) == ["The price has ended."]
    assert not Price.objects.filter(product__sku="995242", kind=2, superseded_at=None, valid_to=None).exists()
    shelf.refresh_from_db()
    assert (shelf.superseded_at, shelf.valid_to) == (None, None)


def test_a_price_begins_in_the_places_own_time(admin: Client) -> None:
    do(admin, "set-price", sku="995242", place="330", amount="1", per_quantity="1", valid_from="2099-01-01T08:00")

    begins = Price.objects.get(product__sku="995242", place__code="330").valid_from
    assert begins == datetime(2099, 1, 1, 13, 0, tzinfo=UTC)


def test_a_source_is_enrolled_given_a_token_and_closed(admin: Client) -> None:
    assert "__all__" in refused(do(admin, "enrol-source", code="till 7"))
    do(admin, "enrol-source", code="till-7", name="Seventh till")
    source = Source.objects.get(code="till-7")
    wrong = do(admin, "issue-token", source="till-7", name="t", scopes=["sales:write"], places="330, nowhere")
    assert refused(wrong) == {"places": ["There is no place nowhere."]}

    shown = do(admin, "issue-token", source="till-7", name="t", scopes=["sales:write"], places="330")

    token = Token.objects.get(source=source)
    assert is_token(shown.context["done"].secret)
    assert "no-store" in shown["Cache-Control"]
    assert (token.scopes, token.places, token.created_by) == (["sales:write"], ["330"], "admin")
    assert (
        shown.context["done"].secret
        not in admin.get(reverse("desk:access_token_change", args=[token.pk])).content.decode()
    )
    assert said(do(admin, "revoke-token", token.pk)) == ["The token is revoked."]
    assert said(do(admin, "close-source", source.pk)) == ["The source is closed."]
    assert not sources_by_code(["till-7"])["till-7"].active
    assert said(do(admin, "open-source", source.pk)) == ["The source is open."]
    assert trail("source/till-7") == [("admin", f"source.{step}") for step in ("enrol", "close", "open")]
    assert trail(f"token/{token.pk}") == [("admin", "token.issue"), ("admin", "token.revoke")]


def test_a_token_form_sent_twice_issues_one(admin: Client) -> None:
    key = str(new_id())
    data = {"source": "till-330-2", "name": "second", "scopes": ["sales:write"], "places": "*", "key": key}

    do(admin, "issue-token", **data)
    do(admin, "issue-token", **data)

    assert Token.objects.filter(name="second").count() == 1


def test_users_are_added_changed_and_shut_out(admin: Client) -> None:
    assert "__all__" in refused(do(admin, "add-user", username="ben", role="store"))

    shown = do(admin, "add-user", username="ben", role="store", places="330")

    ben = User.objects.get(username="ben")
    assert ben.check_password(shown.context["done"].secret)
    assert said(do(admin, "change-user", ben.pk, role="reader")) == ["ben is reader now."]
    assert said(do(admin, "deactivate-user", ben.pk)) == ["ben may not sign in any more."]
    assert said(do(admin, "activate-user", ben.pk)) == ["ben may sign in again."]
    again = do(admin, "reset-password", ben.pk)
    ben.refresh_from_db()
    assert ben.check_password(again.context["done"].secret)
    assert [action for _, action in trail("user/ben")] == ["user.create"] + ["user.change"] * 3 + ["user.password"]


def test_an_admin_cannot_take_their_own_rights_away(admin: Client) -> None:
    own = User.objects.get(username="admin").pk

    assert "__all__" in refused(do(admin, "change-user", own, role="reader"))
    assert "__all__" in refused(do(admin, "deactivate-user", own))
    assert User.objects.get(pk=own).role == "admin"


def test_people_change_their_own_password_and_it_is_noted(world: World, client: Client) -> None:
    person = User.objects.get(username="reader")
    person.set_password(PASSWORD)
    person.save()
    client.force_login(person)

    address, new = reverse("desk:password_change"), "another-long-password"
    done = client.post(address, {"old_password": PASSWORD, "new_password1": new, "new_password2": new})

    assert done.status_code == 302
    person.refresh_from_db()
    assert person.check_password(new)
    assert trail("user/reader") == [("reader", "user.password")]
    assert client.get(reverse("desk:index")).status_code == 200


def test_who_changed_a_row_stands_on_its_page(admin: Client) -> None:
    line = LineException.objects.get(place__code="330")
    do(admin, "dismiss-line", line.pk, note="A bag.")

    shown = admin.get(reverse("desk:sales_lineexception_change", args=[line.pk])).content.decode()

    assert "Who changed what" in shown
    assert "line exception dismissed" in shown
