"""The journal: entries, postings, customers' points, and how points are earned."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from onebasket.channels.desk import columns, filters, formats
from onebasket.channels.desk.columns import PLACE, Column, Row, address_of
from onebasket.channels.desk.rows import ReadOnlyAdmin
from onebasket.channels.desk.searching import SearchedAdmin, as_uuid
from onebasket.channels.desk.sections import Section, filtered, opening, section
from onebasket.commerce.books.models import EarningRule, Entry, PointsAccount, Posting
from onebasket.commerce.books.rules.accounts import POINTS, Account
from onebasket.commerce.orders.models import Order
from onebasket.commerce.sales.models import Receipt
from onebasket.kernel.money import decimal_amount

_OF_FACTS: dict[str, Any] = {"receipt": Receipt, "order": Order}
"""The tables of facts that have pages, by the first word of the fact."""


def amount_in(unit: str, amount: int) -> str:
    """Write an amount of money or points for people."""
    if unit == POINTS:
        return f"{amount:,}".replace("-", formats.MINUS)
    return formats.money(amount, unit)


def _plain(unit: str, amount: int) -> object:
    return amount if unit == POINTS else decimal_amount(amount, unit)


def side(title: str, sign: int) -> Column:
    """Show postings' amounts of one side: debits (+1) or credits (-1), both as positive figures."""

    def draw(row: Row) -> str | None:
        return amount_in(row.unit, sign * row.amount) if sign * row.amount > 0 else None

    def state(row: Row) -> object:
        return _plain(row.unit, sign * row.amount) if sign * row.amount > 0 else None

    return Column(title, draw, state, numeric=True, __name__=f"n_{title.lower()}")


def fact_page(fact: str) -> str:
    """Return the address of a fact's page, or nothing where it has none."""
    kind, _, identity = fact.partition("/")
    model = _OF_FACTS.get(kind)
    if model is None or not (identity.isdecimal() or as_uuid(identity)):
        return ""
    return address_of(model, identity)


def _fact(path: str = "fact") -> Column:
    return Column(
        "Fact",
        lambda row: columns.link(columns.value_at(row, path), fact_page(columns.value_at(row, path) or "")),
        lambda row: columns.value_at(row, path),
    )


def _account(row: Row) -> str:
    return f"{row.account} {row.get_account_display()}"


ACCOUNT = Column("Account", _account, _account, __name__="account")
PART = columns.text("Part", "part", sort=False)
UNIT = columns.text("Unit", "unit", sort=False)
SIDES = (side("Debit", 1), side("Credit", -1))
DAY = columns.day("Day", "business_day")
OF_ENTRY = Column("Entry", lambda row: _entry_link(row.entry_id), lambda row: row.entry_id)
POSTED: tuple[Column, ...] = (OF_ENTRY, columns.text("Kind", "entry.kind", sort=False), ACCOUNT, PART, UNIT, *SIDES)
"""A fact's postings, on its own page."""


class EntryAdmin(SearchedAdmin):
    """What one fact did to the books."""

    right = "books.read"
    about = "Never changed: what was wrong is reversed by a later version and stated anew. Newest booked first."
    search_help_text = "Fact, such as receipt/17 or order/…"
    reads_along = ("place",)
    list_filter = (filters.PLACE, ("kind", filters.ValuesFilter), filters.day("business_day"))
    table = (
        opening("Entry", "pk"), _fact(), columns.text("Kind", "kind", sort=False), PLACE, DAY,
        columns.number("Version", "version", sort=False),
        Column("Reverses", lambda row: _entry_link(row.reverses), lambda row: row.reverses),
        columns.moment("Occurred", "occurred_at", sort=False), columns.moment("Booked", "booked_at", sort=False),
    )  # fmt: skip
    sortable_by = ()

    def sought(self, term: str) -> Q:
        """Find the entries of a fact; a number alone is a receipt's."""
        return Q(fact=term) | (Q(fact=f"receipt/{term}") if term.isdecimal() else Q())

    def heading(self, row: Row) -> str:
        """Name it by its fact."""
        return f"{row.fact}, {row.kind}"

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show its postings, and the other entries of the fact."""
        mine = Posting.objects.filter(place_id=row.place_id, entry_id=row.pk).order_by("line")
        others = Entry.objects.filter(fact=row.fact).exclude(pk=row.pk).select_related("place").order_by("pk")
        return [
            section("Postings", (ACCOUNT, PART, UNIT, *SIDES), mine, empty="It came to nothing."),
            section("Other entries of the fact", self.table, others, empty="None."),
        ]


def _entry_link(identity: int | None) -> object:
    return None if identity is None else columns.link(identity, address_of(Entry, identity))


class PostingAdmin(SearchedAdmin):
    """An amount on an account."""

    right = "books.read"
    about = "Every posting, newest first: filtered by account and part it is the account's statement."
    search_help_text = "Part: a loyalty number, an order, a means of payment"
    reads_along = ("place", "entry")
    list_filter = (filters.PLACE, filters.one_of("account"), filters.day("business_day"))
    table = (
        OF_ENTRY, ACCOUNT, PART, UNIT, *SIDES, PLACE, DAY,
        columns.text("Kind", "entry.kind", sort=False), _fact("entry.fact"),
    )  # fmt: skip
    sortable_by = ()

    def sought(self, term: str) -> Q:
        """Find the postings of a part."""
        return Q(part=term)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Let links ask for a part and a unit."""
        return lookup in {"part", "part__exact", "unit", "unit__exact"} or super().lookup_allowed(
            lookup, value, request
        )

    def heading(self, row: Row) -> str:
        """Name it by its account."""
        return f"{_account(row)} {row.part}".strip()


class PointsAccountAdmin(SearchedAdmin):
    """A customer's points."""

    right = "books.read"
    about = "What can be spent, and what comes with hand-overs. Below zero: points were taken back that had been spent."
    search_help_text = "Loyalty number"
    place_field = ""
    table = (
        columns.text("Loyalty number", "loyalty_number"), columns.number("Available", "available"),
        columns.number("Pending", "pending"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find a customer."""
        return Q(loyalty_number=term)

    def heading(self, row: Row) -> str:
        """Name it by the card."""
        return f"Points of {row.loyalty_number}"

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show the newest postings."""
        posted = Posting.objects.filter(
            part=row.loyalty_number, account__in=(Account.POINTS_AVAILABLE, Account.POINTS_PENDING)
        )
        every = filtered(Posting, part__exact=row.loyalty_number, unit__exact=POINTS)
        newest = posted.select_related("place", "entry").order_by("-pk")
        return [section("Postings", PostingAdmin.table, newest, more=every, empty="None.")]


def _rate(row: Row) -> str:
    return f"{row.points:,} for {formats.money(row.per_amount, row.currency)}"


def _worth(row: Row) -> str:
    if not row.worth_points or not row.worth_amount:
        return "pays nothing"
    return f"{row.worth_points:,} pay {formats.money(row.worth_amount, row.currency)}"


class EarningRuleAdmin(ReadOnlyAdmin):
    """How points are earned."""

    right = "points.set"
    about = "Each rule holds from its business day on, until the next one of its currency. Rules are never changed."
    place_field = ""
    table = (
        columns.text("Currency", "currency"), columns.day("From", "valid_from"), Column("Points", _rate, _rate),
        Column("Worth", _worth, _worth),
        Column("Earn none", lambda row: ", ".join(row.excluded), lambda row: ", ".join(row.excluded), __name__="long"),
        columns.moment("Set", "set_at"), columns.text("By", "set_by"),
    )  # fmt: skip

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"earning-rule/{row.currency}/{row.valid_from}"


ADMINS = {
    Entry: EntryAdmin,
    Posting: PostingAdmin,
    PointsAccount: PointsAccountAdmin,
    EarningRule: EarningRuleAdmin,
}
