"""Who looks: the visit, and what every page shows of it, each read at most once a request."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import msgspec
from django.http import HttpRequest

from onebasket.base.clock import database_now
from onebasket.channels.shop.members import Member, member_of
from onebasket.channels.shop.own import shop_source
from onebasket.channels.shop.visit import Visit
from onebasket.commerce.orders.queries.baskets import read_basket
from onebasket.commerce.orders.rules.baskets import BasketStands
from onebasket.front.departments import Departments, departments
from onebasket.front.stores import Store, Stores, stores_for


@dataclass
class Guest:
    """Who looks: the visit, and what every page shows of it, read at most once a request."""

    visit: Visit
    language: str
    request: HttpRequest
    plain: bool = False
    """A page that reads nothing: it stands when the database does not answer."""
    changed: bool = field(default=False, init=False)

    @cached_property
    def stores(self) -> Stores:
        """Return the open stores and the one chosen: where a basket is filled, its own."""
        if self.basket is not None and self.basket.place != self.visit.place:
            self.keep(place=self.basket.place)
        return stores_for(self.visit.place)

    @property
    def store(self) -> Store | None:
        """Return the store chosen."""
        return None if self.plain else self.stores.chosen

    @cached_property
    def now(self) -> datetime:
        """Return the database's time."""
        return database_now()

    @cached_property
    def basket(self) -> BasketStands | None:
        """Return the basket that is being filled; one that was placed meanwhile, by another tab, is an order."""
        if self.plain or self.visit.basket is None:
            return None
        found = read_basket(shop_source(), self.visit.basket, now=self.now)
        if found is not None and found.state == "open":
            return found
        if found is not None and found.state == "placed":
            self.become(self.visit.after_order(found.id))
        else:
            self.keep(basket=None, baskets=self.visit.baskets + 1)
        return None

    @property
    def wanted(self) -> dict[str, int]:
        """Return how much of each SKU the basket wants."""
        return {line.sku: line.quantity for line in self.basket.lines} if self.basket else {}

    @cached_property
    def member(self) -> Member | None:
        """Return who has signed in."""
        return None if self.plain else member_of(self.request)

    @property
    def card(self) -> str:
        """Return the loyalty card that is shown: the basket's, else the one for the next basket."""
        if self.basket is not None:
            return self.basket.loyalty_number
        return self.visit.card or (self.member.card if self.member else "")

    @property
    def lines(self) -> int:
        """Return how many lines the basket has, partners' offers included."""
        return len(self.basket.lines) + len(self.basket.offers) if self.basket else 0

    @cached_property
    def departments(self) -> Departments:
        """Return the chain's departments."""
        return departments()

    def keep(self, **changes: Any) -> None:  # noqa: ANN401 - fields of the visit
        """Change the visit; the answer carries its cookie."""
        self.become(msgspec.structs.replace(self.visit, **changes))

    def become(self, visit: Visit) -> None:
        """Take another visit for this one."""
        self.visit, self.changed = visit, True

    def forget_basket(self) -> None:
        """Read the basket anew when it is next asked for."""
        self.__dict__.pop("basket", None)
        self.__dict__.pop("stores", None)
        self.__dict__.pop("now", None)

    def take_said(self) -> str:
        """Return the code of what this page has to tell, once."""
        said = self.visit.said
        if said:
            self.keep(said="")
        return said
