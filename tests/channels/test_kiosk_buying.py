"""The kiosk: find by scan or words, compare, take the basket home on a phone, or order here."""

from uuid import uuid4

import pytest
from django.test import Client

from onebasket.channels.kiosk import visit
from onebasket.channels.shop import guesses
from onebasket.commerce.access.models import User
from onebasket.commerce.orders.models import Basket, Order
from tests.builders import EAN, deliver, faults_in_stock, shelf
from tests.channels.kiosking import Kiosk, form_of
from tests.channels.shopping import Shopper, make_shop
from tests.channels.test_german_pages import english
from tests.mailing import post
from tests.slotting import plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> int:
    return make_shop(monkeypatch)


def _somebody(role: str, places: tuple[str, ...]) -> User:
    name = f"{role}-{'-'.join(places)}"
    found, _ = User.objects.get_or_create(username=name, defaults={"role": role, "places": list(places)})
    return found


def person(role: str, *places: str) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(_somebody(role, places))
    return client


def opened_by(client: Client, place: str, **more: str) -> int:
    """Open a kiosk as the form on the page does; return the answer's status."""
    client.get("/kiosk/open")
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else ""
    return client.post("/kiosk/open", {"place": place, "csrfmiddlewaretoken": token} | more).status_code


@pytest.mark.parametrize("code", [EAN, f"0{EAN}", "milk", f"(01)0{EAN}"])
def test_a_code_leads_to_its_product_at_once(source: int, code: str) -> None:
    page = Kiosk().get("find", q=code)
    assert page.status == 200
    assert "<h1>Milk</h1>" in page.html
    assert "$1.99" in page.text
    assert "In this store" in page.text


def test_what_is_elsewhere_says_where(source: int) -> None:
    deliver(source, {"bread": 3}, place="p2", key="p2")
    page = Kiosk("p2").get("find", q="milk")
    assert "Not here, at p1" in page.text
    assert not [form for form in page.forms if "basket/lines" in form.action]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4006381333932", "That was misread"),
        ("nothing of ours", "Nothing found"),
        ("fuel", "This is sold at the till alone."),
        ("<b>bold</b>", "Nothing found"),
        ("%00", "Nothing found"),
        ("9" * 400, "Nothing found"),
    ],
)
def test_what_finds_nothing_says_why(source: int, text: str, said: str) -> None:
    page = Kiosk().get("find", q=text)
    assert (page.status, said in page.text) == (200, True)
    assert "<b>bold" not in page.html


def test_what_is_typed_is_answered_with_a_part_that_keeps_nothing(source: int) -> None:
    kiosk = Kiosk()
    response = kiosk.client.get("/kiosk/find", {"v": kiosk.visit().id, "q": "mil"}, headers={"hx-request": "true"})
    page = response.content.decode()
    assert "<html" not in page
    assert "Milk" in page
    assert "1 product of ours, 0 offers of partners" in page
    assert visit.COOKIE not in response.cookies  # what comes late cannot bring a visit back that has ended


def test_three_go_side_by_side(source: int) -> None:
    kiosk = Kiosk()
    for sku in ("milk", "bread", "apples"):
        page = kiosk.send(kiosk.get(f"p/{sku}"), "/compare/more", button="Compare")
    page = kiosk.get("compare")
    assert "Price $1.99 least, with shipping $2.50 $3.00 / kg" in page.text
    assert "Who sells it p1 p1 p1" in page.text
    page = kiosk.send(kiosk.get("compare"), "/compare/more", button="Take out Bread")
    assert kiosk.visit().compared == ("p:milk", "p:apples")


def test_what_is_no_name_is_not_compared(source: int) -> None:
    kiosk = Kiosk()
    form = form_of(kiosk.get("p/milk"), "/compare/more")
    for name in ("", "x", "p:", "o:", "o:x", "o:" + "9" * 30, "p:" + "x" * 200):
        kiosk.answer(form, add=name)
    assert kiosk.visit().compared == ()
    kiosk.answer(form, add="p:nothing")
    assert "Nothing to compare yet" in kiosk.get("compare").text


def secret_of(page: str) -> str:
    return page.partition("/shop/basket/take/")[2][:26]


def shown(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> str:
    """Show the code at the kiosk; return the secret that it holds."""
    links: list[str] = []
    monkeypatch.setattr(
        "onebasket.channels.kiosk.views.basket.qr_code",
        lambda link: links.append(link) or "",  # type: ignore[func-returns-value]
    )
    page = kiosk.send(kiosk.get("basket"), "/basket/phone", button="Take it to my phone")
    assert page.status == 200
    assert secret_of(links[0]) not in page.html  # only the code itself tells it
    return secret_of(links[0])


def test_it_goes_along_and_the_kiosk_forgets_it(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kiosk, phone = Kiosk(), Shopper(store="")
    kiosk.add("milk", 3)
    basket, secret = kiosk.basket(), shown(kiosk, monkeypatch)
    assert kiosk.get("basket/phone/state").status == 204
    seen = phone.get(f"basket/take/{secret}")
    assert "3 \N{MULTIPLICATION SIGN} Milk" in seen.text
    assert Basket.objects.get().version == 4  # looking changes nothing
    form = seen.form("", button="Take it along")
    form.action = f"/shop/basket/take/{secret}"
    page = phone.send(form)
    assert "Your basket has come along." in page.text
    assert phone.basket() == basket
    assert phone.visit().place == "p1"
    assert shelf("milk") == (10, 0, 3)
    assert kiosk.get("basket/phone/state").text == "taken"
    assert "Your basket is on your phone" in kiosk.get("basket/phone/gone").text
    assert kiosk.visit().basket is None
    assert "Your basket is empty" in kiosk.get("basket").text
    phone.add("milk")
    assert shelf("milk") == (10, 0, 4)
    phone.place()
    assert Order.objects.get().channel == "kiosk"
    assert faults_in_stock() == []


def test_nobody_takes_it_twice(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kiosk, phone, other = Kiosk(), Shopper(store=""), Shopper(store="")
    kiosk.add("milk")
    secret = shown(kiosk, monkeypatch)
    form = phone.get(f"basket/take/{secret}").form("", button="Take it along")
    theirs = other.get(f"basket/take/{secret}").form("", button="Take it along")
    form.action = theirs.action = f"/shop/basket/take/{secret}"
    phone.send(form)
    again = phone.send(form)  # the same form, sent again: it is there already
    assert again.status == 200
    late = other.send(theirs)
    assert (late.status, "This basket was taken along before" in late.text) == (410, True)
    assert other.visit().basket is None
    assert other.get(f"basket/take/{secret}").status == 410


def test_a_filled_basket_is_not_lost_to_it(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kiosk, phone = Kiosk(), Shopper()
    phone.add("bread")
    kiosk.add("milk")
    secret = shown(kiosk, monkeypatch)
    page = phone.get(f"basket/take/{secret}")
    assert "You are filling another basket here." in page.text
    assert not [form for form in page.forms if any("Take it along" in one[2] for one in form.buttons)]


def test_whoever_leaves_with_the_code_shown_keeps_what_is_held(source: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kiosk, phone = Kiosk(), Shopper(store="")
    kiosk.add("milk", 2)
    secret = shown(kiosk, monkeypatch)
    kiosk.get("leave")
    assert kiosk.visit().basket is None
    assert shelf("milk") == (10, 0, 2)
    form = phone.get(f"basket/take/{secret}").form("", button="Take it along")
    form.action = f"/shop/basket/take/{secret}"
    assert "Your basket has come along." in phone.send(form).text


def test_guessing_is_slowed(source: int) -> None:
    phone = Shopper(store="")
    guesses.MISSES.clear()
    for number in range(20):
        assert phone.get(f"basket/take/{number:026}").status == 404
    assert phone.get("basket/take/" + "A" * 26).status == 429
    guesses.MISSES.clear()
    for secret in ("x", "A" * 25, "A" * 27, "A" * 300):
        assert phone.get(f"basket/take/{secret}").status == 404
    guesses.MISSES.clear()


def test_an_empty_basket_is_not_taken(source: int) -> None:
    kiosk = Kiosk()
    kiosk.add("milk")
    page = kiosk.get("basket")
    kiosk.send(page, "/basket/lines", button="Take out")
    assert "There is nothing in your basket yet." in kiosk.send(page, "/basket/phone").text


def test_an_order_is_placed_and_printed(source: int) -> None:
    plan(capacity=5)
    kiosk = Kiosk()
    kiosk.add("milk", 2)
    page = kiosk.get("checkout")
    assert "When would you like to collect?" in page.text
    page = kiosk.send(page, "/checkout/slot/take")
    wrong = kiosk.send(page, "/checkout", name="", reach="ada@")
    assert wrong.status == 422
    assert "Whose order is it?" in wrong.text
    assert "This is no e-mail address" in wrong.text
    page = kiosk.send(wrong, "/checkout", name="Ada", reach="+1 555 010 1234")
    assert page.status == 200
    order = Order.objects.get()
    assert (order.channel, order.status, order.total) == ("kiosk", "placed", 398)
    assert "Thank you. Your order is placed." in page.text
    assert "At collection, by cash or card $3.98" in page.text
    assert page.html.count('class="qr"') == 2
    again = kiosk.answer(form_of(wrong, "/checkout"), name="Ada", reach="+1 555 010 1234")
    assert again.headers["Location"].startswith("/kiosk/")
    assert Order.objects.count() == 1
    kiosk.get("leave")
    assert kiosk.get("done").address == "/kiosk/"
    assert Order.objects.get().status == "placed"
    assert faults_in_stock() == []


def test_the_same_form_sent_twice_is_one_order(source: int) -> None:
    kiosk = Kiosk()
    kiosk.add("milk")
    form = form_of(kiosk.get("checkout"), "/checkout")
    first = kiosk.answer(form, name="Ada", reach="ada@example.org")
    second = kiosk.answer(form, name="Ada", reach="ada@example.org")
    assert first.headers["Location"] == second.headers["Location"]
    assert Order.objects.count() == 1


def test_another_total_than_was_seen_places_nothing(source: int) -> None:
    kiosk = Kiosk()
    kiosk.add("milk")
    form = form_of(kiosk.get("checkout"), "/checkout")
    assert kiosk.answer(form, name="Ada", reach="ada@example.org", total="1").status_code == 409
    for odd in ({"total": "x"}, {"version": "-1"}, {"basket": "nobody"}, {"method": "invoice"}, {"key": "short"}):
        assert kiosk.answer(form, name="Ada", reach="ada@example.org", **odd).status_code == 400
    foreign = kiosk.answer(form, name="Ada", reach="ada@example.org", basket=str(uuid4()))
    assert "/kiosk/basket" in foreign.headers["Location"]
    assert Order.objects.count() == 0


def test_a_form_without_our_token_changes_nothing(source: int) -> None:
    kiosk = Kiosk()
    form = form_of(kiosk.get("p/milk"), "/basket/lines")
    response = kiosk.client.post(form.action, form.fields | {"csrfmiddlewaretoken": "", "quantity": "1"})
    assert response.status_code == 403
    assert "This does not add up" in response.content.decode()
    assert Basket.objects.count() == 0


def test_a_lost_answer_shows_the_order_all_the_same(source: int) -> None:
    kiosk = Kiosk()
    kiosk.add("milk")
    before = kiosk.client.cookies[visit.COOKIE].value
    form = form_of(kiosk.get("checkout"), "/checkout")
    kiosk.answer(form, name="Ada", reach="ada@example.org")
    kiosk.client.cookies[visit.COOKIE] = before  # the answer never came
    assert "Thank you. Your order is placed." in kiosk.get("basket").text


def test_a_kiosk_in_german_has_no_english_left(source: int) -> None:
    plan()
    kiosk = Kiosk(language="de")
    pages = [
        kiosk.page,
        kiosk.get("find", q="x"),
        kiosk.get("compare"),
        kiosk.get("basket"),
        Kiosk("", language="de").page,
    ]
    kiosk.send(kiosk.get("p/milk"), "/basket/lines", button="In den Korb")
    pages += [kiosk.get("p/bread"), kiosk.get("basket"), kiosk.get("checkout")]
    page = kiosk.send(pages[-1], "/checkout/slot/take")
    pages += [page, kiosk.send(page, "/checkout"), kiosk.send(page, "/checkout", name="Ada", reach="ada@example.org")]
    for page in pages:
        assert '<html lang="de">' in page.html
        assert [text for text in english("kiosk") if len(text) > 6 and text in page.html] == [], page.address


def test_whoever_left_an_address_is_written_to(source: int) -> None:
    for reach in ("ada@example.org", "+1 555 010 1234"):
        kiosk = Kiosk()
        kiosk.add("milk")
        kiosk.send(kiosk.get("checkout"), "/checkout", name="Ada", reach=reach)
    (letter,) = post()
    assert letter.to == ["ada@example.org"]
    assert "/shop/orders/" in str(letter.body)
