"""Who stands before the kiosk: the visit, and what every page shows of it, each read at most once a request."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec

from onebasket.base.clock import database_now
from onebasket.channels.kiosk import asking
from onebasket.channels.kiosk.enrolment import Kiosk
from onebasket.channels.kiosk.visit import MOST_COMPARED, Visit, new_visit
from onebasket.commerce.orders.queries.baskets import read_basket
from onebasket.commerce.orders.queries.passing import waits_to_be_taken
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.front.departments import Departments, departments
from onebasket.front.stores import Store, Stores, stores_for


@dataclass
class Guest:
    """Who stands there, at which kiosk, in which language."""

    kiosk: Kiosk
    visit: Visit
    language: str = "en"
    plain: bool = False
    """A page that reads nothing: it stands when the database does not answer."""
    sought: str = ""
    """The words that led here, so that a product's page leads back to what they found."""
    silent: bool = False
    """A part of a page, asked for beside it: it keeps nothing, so that it cannot outlive the visit it belongs to."""

    @cached_property
    def stores(self) -> Stores:
        """Return the open stores and the kiosk's own."""
        return stores_for(self.kiosk.place, asking.CHANNEL)

    @property
    def store(self) -> Store:
        """Return the kiosk's store; a page is shown only where there is one."""
        assert self.stores.chosen is not None  # noqa: S101 - the frame asks for it
        return self.stores.chosen

    @cached_property
    def now(self) -> datetime:
        """Return the database's time."""
        return database_now()

    @cached_property
    def basket(self) -> BasketStands | None:
        """Return the basket that is being filled; one that was placed, taken along or given back is not."""
        if self.plain or self.visit.basket is None:
            return None
        found = read_basket(self.kiosk.source_id, self.visit.basket, now=self.now, places=frozenset({self.kiosk.place}))
        if found is not None and found.state == "open":
            return found
        if found is not None and found.state == "placed":
            self.keep(order=found.id)
        self.keep(basket=None, baskets=self.visit.baskets + 1)
        return None

    @property
    def wanted(self) -> dict[str, int]:
        """Return how much of each SKU the basket wants."""
        return {line.sku: line.quantity for line in self.basket.lines} if self.basket else {}

    @property
    def card(self) -> str:
        """Return the loyalty card that is shown."""
        return self.basket.loyalty_number if self.basket else ""

    @property
    def lines(self) -> int:
        """Return how many lines the basket has, partners' offers among them."""
        return len(self.basket.lines) + len(self.basket.offers) if self.basket else 0

    @cached_property
    def departments(self) -> Departments:
        """Return the chain's departments."""
        return departments()

    def keep(self, **changes: Any) -> None:  # noqa: ANN401 - fields of the visit
        """Change the visit; the answer carries its cookie."""
        self.visit = msgspec.structs.replace(self.visit, **changes)

    def forget_basket(self) -> None:
        """Read the basket anew when it is next asked for."""
        self.__dict__.pop("basket", None)
        self.__dict__.pop("now", None)

    def compare(self, name: str, *, on: bool) -> bool:
        """Put something to what is compared, or take it away; False where no more go side by side."""
        others = tuple(one for one in self.visit.compared if one != name)
        if on and len(others) >= MOST_COMPARED:
            return False
        self.keep(compared=(*others, name) if on else others)
        return True

    def take_said(self) -> str:
        """Return the code of what this page has to tell, once."""
        said = self.visit.said
        if said:
            self.keep(said="")
        return said

    def leave(self) -> None:
        """End the visit: give back what its basket holds, and begin another one that knows nothing of it.

        A basket whose code was shown, and may still be taken along, waits for that instead.
        """
        before, held = self.visit, self.basket
        if held is not None and not waits_to_be_taken(held.id):
            asking.give_back(self.kiosk, before, held.id)
        self.visit = new_visit(self.kiosk.place)
        self.forget_basket()
