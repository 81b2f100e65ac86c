"""A shopper before a kiosk that knows no scripts: pages are read, forms are sent as they stand in them."""

from typing import Any
from uuid import UUID

from django.test import Client

from onebasket.channels.kiosk import visit
from onebasket.channels.kiosk.enrolment import COOKIE, open_kiosk
from onebasket.commerce.places.models import Place
from onebasket.commerce.places.queries import places_by_code
from tests.channels.shopping import Form, Page, read_page


def an_open_kiosk(place: str = "p1") -> str:
    """Open a kiosk at a place; return its machine's secret."""
    assert Place.objects.filter(code=place).exists()
    return open_kiosk(places_by_code([place])[place], "", actor="tests")


class Kiosk:
    """A machine with its cookies, opened at a place; whoever stands before it."""

    def __init__(self, place: str = "p1", *, language: str = "en", secret: str = "") -> None:
        self.client = Client(headers={"accept-language": language}, enforce_csrf_checks=True)
        if secret or place:
            self.client.cookies[COOKIE] = secret or an_open_kiosk(place)
        self.page = self.start()

    def start(self) -> Page:
        """Open the first page."""
        return self._follow(self.client.get("/kiosk/"), "/kiosk/")

    def get(self, path: str, **query: str) -> Page:
        """Open a page of the present visit, and follow where it leads."""
        return self.open(f"/kiosk/{path}", v=self.visit().id, **query)

    def open(self, address: str, **query: str) -> Page:
        """Open an address as it stands."""
        return self._follow(self.client.get(address, query), address)

    def send(self, page: Page, to: str, *, button: str = "", **typed: str) -> Page:
        """Send the page's form to an address, by the button that says so, and follow where it leads."""
        form = form_of(page, to, button=button)
        return self._follow(self.answer(form, button=button, **typed), form.action)

    def answer(self, form: Form, *, button: str = "", **typed: str) -> Any:
        """Send a form and return the bare answer."""
        sent = form.fields | typed
        pressed = next((one for one in form.buttons if button in one[2]), None)
        if pressed and pressed[0]:
            sent = {pressed[0]: pressed[1]} | sent
        return self.client.post(form.action, sent)

    def add(self, sku: str, times: int = 1) -> Page:
        """Put a product into the basket from its page, so many times."""
        page = self.get(f"p/{sku}")
        for number in range(times):
            page = self.send(page, "/basket/lines", button="More" if number else "Add")
        return page

    def visit(self) -> visit.Visit:
        """Return what the kiosk knows of whoever stands there."""
        kept = {name: morsel.value for name, morsel in self.client.cookies.items()}
        return visit.read_visit(type("Request", (), {"COOKIES": kept})())

    def basket(self) -> UUID:
        """Return the id of the basket that is being filled."""
        found = self.visit().basket
        assert found is not None
        return found

    def _follow(self, response: Any, path: str) -> Page:
        for _ in range(5):
            if response.status_code not in {301, 302, 303}:
                return read_page(response, path)
            path = response.headers["Location"]
            response = self.client.get(path.partition("#")[0])
        raise AssertionError(f"{path} leads round in a circle")


def form_of(page: Page, to: str, *, button: str = "") -> Form:
    """Return the page's form to an address below /kiosk/, with a button that says so."""
    for form in page.forms:
        if form.action.partition("?")[0].endswith(to) and any(
            button in one[2] for one in form.buttons or [["", "", ""]]
        ):
            return form
    raise AssertionError(f"no form to {to} with {button!r} in {page.address}")
