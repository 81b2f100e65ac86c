"""What is staged for collection, and what was brought back."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from onebasket.channels.desk import columns, filters, formats
from onebasket.channels.desk.columns import NAME, PLACE, PRODUCT, SKU, Column, Row, address_of, link
from onebasket.channels.desk.rows import ReadOnlyAdmin
from onebasket.channels.desk.searching import ByProductAdmin, SearchedAdmin, as_uuid
from onebasket.channels.desk.sections import Section, section
from onebasket.commerce.fulfilment.models import Return, ReturnLine, ReturnPolicy, ReturnTender, Staging
from onebasket.commerce.orders.models import Order
from onebasket.commerce.sales.models import Receipt


def _sold_by(row: Row) -> object:
    kind, _, identity = row.reference.partition("/")
    model = {"order": Order, "receipt": Receipt}.get(kind)
    return link(kind, address_of(model, identity)) if model else "no receipt"


def _receipt(row: Row) -> object:
    return link(row.number, address_of(Receipt, row.receipt_id))


LINE: tuple[Column, ...] = (
    PRODUCT, SKU, columns.quantity("Quantity", "quantity", sort=False),
    columns.text("Becomes", "disposition", sort=False),
)  # fmt: skip
TENDER: tuple[Column, ...] = (
    columns.text("How", "kind", sort=False), columns.text("Reference", "reference", sort=False),
)  # fmt: skip


def _amount(currency: str) -> Column:
    """Show an amount in the currency of the return that the rows belong to."""
    return Column("Amount", lambda row: formats.money(row.amount, currency), lambda row: row.amount, numeric=True)


class ReturnAdmin(SearchedAdmin):
    """Goods that were brought back, and what was paid back for them."""

    right = "sales.read"
    about = "What was brought back at the counter, with what was paid back. Tills book their own returns as receipts."
    search_help_text = "Number such as R-4711, id, id of the order, or loyalty number"
    ordering = ("-accepted_at",)
    reads_along = ("place",)
    list_filter = (filters.PLACE, filters.day("accepted_at"))
    table = (
        columns.text("Number", "number", sort=False), PLACE, columns.money("Paid back", "total"),
        columns.moment("When", "accepted_at"), Column("Sold by", _sold_by, lambda row: row.reference),
        columns.text("By", "accepted_by", sort=False), columns.text("Why", "reason", sort=False),
    )  # fmt: skip
    facts = (
        *table, columns.money("Of it tax", "tax_total"), columns.text("Policy", "policy"),
        columns.text("Why another amount", "override"), columns.text("Loyalty number", "loyalty_number"),
        Column("Receipt", _receipt, lambda row: row.receipt_id), columns.text("Id", "pk"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find by what people call it, its id, its order's, or the customer's card."""
        if identity := as_uuid(term):
            return Q(pk=identity) | Q(reference=f"order/{identity}")
        return Q(number=term) | Q(loyalty_number=term)

    def heading(self, row: Row) -> str:
        """Name it as people do."""
        return f"Return {row.number}"

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show what came back, and in which ways it was paid back."""
        lines = ReturnLine.objects.filter(return_id=row.pk).select_related("product__unit").order_by("number")
        tenders = ReturnTender.objects.filter(return_id=row.pk).order_by("number")
        return [
            section("Lines", (*LINE, _amount(row.currency)), lines),
            section("Paid back", (*TENDER, _amount(row.currency)), tenders, empty="Nothing."),
        ]


class ReturnLineAdmin(ByProductAdmin):
    """What was brought back, line by line."""

    right = "sales.read"
    reads_along = ("place", "product__unit")
    list_filter = (filters.PLACE,)
    table = (
        NAME, *LINE[2:], PLACE,
        Column("Return", lambda row: link("its return", address_of(Return, row.return_id)), lambda row: row.return_id),
    )  # fmt: skip
    sortable_by = ()


class StagingAdmin(ReadOnlyAdmin):
    """Where picked orders stand until they are collected."""

    right = "orders.read"
    about = "The spot that was noted last; it stays when the order has been handed over."
    ordering = ("-staged_at",)
    reads_along = ("place",)
    list_filter = (filters.PLACE, filters.day("staged_at"))
    table = (
        columns.text("Spot", "spot"), PLACE,
        Column("Order", lambda row: link(str(row.pk)[-12:], address_of(Order, row.pk)), lambda row: row.pk),
        columns.text("By", "staged_by", sort=False), columns.moment("When", "staged_at"),
    )  # fmt: skip


def _of_place(row: Row) -> str:
    return row.place.name if row.place else "the whole chain"


class ReturnPolicyAdmin(ReadOnlyAdmin):
    """What a broken multi-buy pays back."""

    right = "returns.set"
    about = "Each holds for orders placed from then on, until the next one of its place or the chain. None is changed."
    place_field = ""
    reads_along = ("place",)
    ordering = ("-set_at",)
    table = (
        Column("Of", _of_place, _of_place),
        Column("Policy", lambda row: row.policy or "the chain's", lambda row: row.policy),
        columns.moment("From", "set_at"), columns.text("By", "set_by"),
    )  # fmt: skip

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"return-policy/{row.place.code if row.place else 'chain'}"


ADMINS: dict[Any, type[ReadOnlyAdmin]] = {
    Return: ReturnAdmin,
    ReturnLine: ReturnLineAdmin,
    ReturnPolicy: ReturnPolicyAdmin,
    Staging: StagingAdmin,
}
