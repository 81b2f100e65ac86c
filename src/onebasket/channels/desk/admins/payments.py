"""Payments, the calls made for them, refunds, gift cards and store credit."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest

from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.columns import PLACE, Column, Row, address_of, link
from onebasket.channels.desk.rows import ReadOnlyAdmin
from onebasket.channels.desk.searching import SearchedAdmin, as_uuid
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.commerce.orders.models import Order
from onebasket.commerce.payments.models import (
    Attempt,
    BalanceAccount,
    BalanceEntry,
    Payment,
    Refund,
    RefundPart,
)
from onebasket.commerce.payments.queries import find_balance

STANDS: dict[object, str] = {
    "pending": "info", "authorised": "info", "captured": "good", "unknown": "warn", "refused": "bad", "expired": "bad",
}  # fmt: skip
GIVEN: dict[object, str] = {"pending": "info", "done": "good", "unknown": "warn", "refused": "bad"}
RESULTS: dict[object, str] = {"told": "good", "lost": "bad", "not_done": "warn"}
ORDER = Column(
    "Order", lambda row: link(str(row.order_id)[-12:], address_of(Order, row.order_id)), lambda row: row.order_id
)


RESULTS_IN_WORDS = {
    "": "no answer yet", "told": "answered", "never_heard": "never heard of it", "not_done": "not done",
    "lost": "answer lost",
}  # fmt: skip


def _asked(row: Row) -> str:
    """Say what came of a call."""
    return RESULTS_IN_WORDS.get(row.result, str(row.result))


CALL: tuple[Column, ...] = (
    columns.moment("Asked", "asked_at", sort=False), columns.choice("What", "operation", sort=False),
    Column("Came of it", lambda row: columns.tag(_asked(row), RESULTS.get(row.result, "info")), _asked),
    columns.money("Amount", "amount", currency="payment.currency", sort=False), columns.long("Said", "detail"),
    columns.moment("Answered", "answered_at", sort=False),
)  # fmt: skip
PART: tuple[Column, ...] = (
    columns.related("Payment", "payment", say="method"),
    columns.money("Amount", "amount", currency="payment.currency", sort=False),
    columns.choice("Stands", "status", tones=GIVEN, sort=False),
    columns.yes_no("How", "is_lowered", yes="captured for less", no="given back"),
    columns.moment("Changed", "changed_at", sort=False),
)  # fmt: skip
ENTRY: tuple[Column, ...] = (
    columns.moment("When", "booked_at", sort=False), columns.choice("What", "kind", sort=False),
    columns.money("Amount", "amount", currency="account.currency", sort=False),
    columns.money("Balance", "balance", currency="account.currency", sort=False),
    Column(
        "Order", lambda row: link(str(row.order_id)[-12:], address_of(Order, row.order_id)) if row.order_id else None,
        lambda row: row.order_id,
    ),
    columns.long("For", "reference"),
)  # fmt: skip


class PaymentAdmin(SearchedAdmin):
    """A tender of an order."""

    right = "payments.read"
    about = "What is paid for orders, tender by tender. An unknown one is inquired about until it is known."
    search_help_text = "Id of the payment or of its order"
    ordering = ("-opened_at",)
    reads_along = ("place",)
    list_filter = (
        filters.PLACE, filters.one_of("method"), filters.one_of("status"), filters.day("opened_at"),
    )  # fmt: skip
    table = (
        columns.choice("How", "method"), columns.choice("Stands", "status", tones=STANDS), PLACE, ORDER,
        columns.money("Due", "due"), columns.money("Put aside", "authorised"), columns.money("Captured", "captured"),
        columns.money("Given back", "refunded"), columns.moment("Opened", "opened_at"),
    )  # fmt: skip
    facts = (
        *table, columns.money("As opened", "amount"), columns.choice("Is to be", "goal", sort=False),
        columns.text("Why", "reason"), columns.text("Card", "label"), columns.text("Reference", "reference"),
        columns.number("Cards tried", "tries"), columns.moment("Lapses", "expires_at"),
        columns.moment("Looked at next", "next_at"), columns.text("Id", "pk"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find by its id or its order's."""
        identity = as_uuid(term)
        return Q(pk=identity) | Q(order_id=identity) if identity else Q(pk__in=())

    def heading(self, row: Row) -> str:
        """Name it by how and where it stands."""
        return f"Payment, {row.get_method_display()}, {row.status}"

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to its balance and to the order's other tenders."""
        own = [("The balance", address_of(BalanceAccount, row.account_id))] if row.account_id else []
        return [*own, ("Every tender of the order", filtered(Payment, q=str(row.order_id)))]

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show the calls that were made for it, and what was given back."""
        calls = Attempt.objects.filter(payment=row).select_related("payment").order_by("pk")
        parts = RefundPart.objects.filter(payment=row).select_related("payment", "place").order_by("changed_at")
        return [
            section("Calls to the provider", CALL, calls, empty="None: nobody outside had to be asked."),
            section("Given back", PART, parts, empty="Nothing."),
        ]

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"payment/{row.pk}"


class AttemptAdmin(ReadOnlyAdmin):
    """A call to a card's provider."""

    right = "payments.read"
    place_field = "payment__place__code"
    about = "Each call is written down before it is made. One without an answer is under way, or was cut short."
    reads_along = ("payment",)
    list_filter = (filters.one_of("operation"), ("result", filters.ValuesFilter), filters.day("asked_at"))
    table = (CALL[1], *CALL[2:5], CALL[0], columns.related("Payment", "payment", say="pk"))


class RefundAdmin(SearchedAdmin):
    """An amount of an order given back."""

    right = "payments.read"
    about = "Refunds go to the original tenders, the last one first."
    search_help_text = "Id of the refund or of its order, or key"
    ordering = ("-made_at",)
    reads_along = ("place",)
    list_filter = (filters.PLACE, filters.day("made_at"))
    table = (
        columns.moment("Made", "made_at"), columns.money("Amount", "amount"), PLACE, ORDER,
        columns.text("Why", "reason", sort=False), columns.text("By", "actor", sort=False),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find by its id, its order's, or its key."""
        identity = as_uuid(term)
        return Q(pk=identity) | Q(order_id=identity) if identity else Q(key=term)

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show its parts."""
        parts = RefundPart.objects.filter(refund=row).select_related("payment", "place").order_by("-payment__number")
        return [section("Parts", PART, parts)]


class RefundPartAdmin(ReadOnlyAdmin):
    """What one tender got back."""

    right = "payments.read"
    about = "What its provider refused to give back was not given back: give store credit instead."
    ordering = ("-changed_at",)
    reads_along = ("place", "payment", "refund")
    list_filter = (filters.PLACE, filters.one_of("status"), filters.day("changed_at"))
    table = (PART[1], PART[0], *PART[2:], PLACE, columns.related("Refund", "refund", say="pk"))


class BalanceAccountAdmin(SearchedAdmin):
    """Gift cards and store credit."""

    right = "balances.read"
    place_field = "place_code"
    about = "Codes are kept nowhere; a card is found by its code, or by the last characters of it."
    search_help_text = "Code, its last four characters, or loyalty number"
    ordering = ("-issued_at",)
    list_filter = (filters.one_of("kind"), "active", filters.PLACE, filters.day("issued_at"))
    kept_from_sight = frozenset({"code_digest", "seed"})
    table = (
        Column("Code ends", lambda row: f"…{row.hint}", lambda row: row.hint), columns.choice("Kind", "kind"),
        columns.money("Balance", "balance"), columns.yes_no("Stands", "active", yes="open", no="blocked"),
        columns.moment("Lapses", "expires_at"), columns.text("Loyalty number", "loyalty_number"),
        columns.text("Place", "place_code"), columns.moment("Made", "issued_at"),
    )  # fmt: skip
    facts = (*table, columns.text("Why", "reason"))

    def sought(self, term: str) -> Q:
        """Find by the code as typed, what people see of it, or whose it is."""
        if found := find_balance(term):
            return Q(pk=found.id)
        return Q(hint=term.strip("…").upper()) | Q(loyalty_number=term)

    def heading(self, row: Row) -> str:
        """Name it by its kind and what people may see of its code."""
        return f"{row.get_kind_display().capitalize()} …{row.hint}"

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show every change of its balance."""
        entries = BalanceEntry.objects.filter(account=row).select_related("account").order_by("-pk")
        return [section("Entries", ENTRY, entries, more=filtered(BalanceEntry, account__id__exact=row.pk))]

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to what it paid."""
        return [("What it paid", filtered(Payment, account_id__exact=row.pk))]

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"balance/{row.pk}"


class BalanceEntryAdmin(ReadOnlyAdmin):
    """Every change of a balance."""

    right = "balances.read"
    place_field = "account__place_code"
    about = "Append-only: a balance is the sum of its entries."
    reads_along = ("account",)
    list_filter = (filters.one_of("kind"), filters.day("booked_at"))
    table = (ENTRY[1], *ENTRY[2:5], ENTRY[0], columns.related("Account", "account"), ENTRY[5])


ADMINS: dict[Any, type[ReadOnlyAdmin]] = {
    Payment: PaymentAdmin,
    Attempt: AttemptAdmin,
    Refund: RefundAdmin,
    RefundPart: RefundPartAdmin,
    BalanceAccount: BalanceAccountAdmin,
    BalanceEntry: BalanceEntryAdmin,
}
