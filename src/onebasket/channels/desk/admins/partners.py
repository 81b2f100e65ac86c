"""Partners, what was agreed with them, what they sell, and what of theirs is odd."""

from django.db.models import Q
from django.http import HttpRequest

from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.columns import Column, Row, link, page_of
from onebasket.channels.desk.rows import ReadOnlyAdmin
from onebasket.channels.desk.searching import SearchedAdmin
from onebasket.channels.desk.sections import Section, filtered, section
from onebasket.channels.desk.works.promoting import percent
from onebasket.channels.desk.works.quarantine import pretty
from onebasket.commerce.partners.models import (
    Agreement,
    CommissionLine,
    CommissionTerm,
    ExchangeRate,
    Oddity,
    Offer,
    OfferImport,
    Partner,
    PartnerCursor,
    PartnerPart,
    ReceivedPush,
    Referral,
)
from onebasket.commerce.partners.rules.partners import RATE_SCALE

PARTNER = columns.related("Partner", "partner", code="code")
IMPORT_TONES: dict[object, str] = {"running": "info", "done": "good", "failed": "bad"}
ODD_TONES: dict[object, str] = {"open": "warn"}


def rate(title: str, name: str) -> Column:
    """Show parts per million as a percentage."""

    def draw(row: Row) -> str | None:
        found = getattr(row, name)
        return None if found is None else f"{percent(found)} %"

    return Column(title, draw, lambda row: getattr(row, name), name, numeric=True, __name__=f"n_{name}")


class PartnerAdmin(ReadOnlyAdmin):
    """Whose goods we sell or refer to."""

    right = "partners.read"
    place_field = ""
    about = "Nothing of a partner's is shown or sold before an agreement holds. Its platform's secrets are never shown."
    ordering = ("code",)
    kept_from_sight = frozenset({"credentials"})
    reads_along = ("place",)
    list_filter = ("active", ("gateway", filters.ValuesFilter))
    table = (
        columns.text("Partner", "name"), columns.text("Code", "code"), columns.spelt("Gateway", "gateway"),
        columns.text("Currency", "currency"), columns.yes_no("Stands", "active", yes="active", no="closed"),
        columns.moment("Tokens until", "tokens_until"), columns.moment("Since", "created_at"),
    )  # fmt: skip
    facts = (
        *table, columns.text("Address", "endpoint"), columns.related("Its place", "place", code="code"),
        columns.yes_no("Secrets", "credentials", yes="are kept, sealed", no="are not set"),
    )  # fmt: skip

    def heading(self, row: Row) -> str:
        """Name it."""
        return str(row.name)

    def links(self, row: Row) -> list[tuple[str, str]]:
        """Lead to all that is its own."""
        own = {"partner__id__exact": row.pk}
        return [
            ("Its offers", filtered(Offer, **own)),
            ("Its parts of orders", filtered(PartnerPart, **own)),
            ("Its referrals", filtered(Referral, **own)),
            ("Its commission", filtered(CommissionLine, **own)),
            ("What is odd of it", filtered(Oddity, state__exact="open", **own)),
        ]

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show what was agreed, and how far its lists were read."""
        agreed = Agreement.objects.filter(partner=row).order_by("-starts_on").select_related("partner")
        cursors = PartnerCursor.objects.filter(partner=row).order_by("kind")
        return [
            section("Agreements", AGREED, agreed, empty="None: nothing of it is shown or sold."),
            section("Read from its platform", CURSOR, cursors, empty="Nothing yet."),
        ]

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"partner/{row.code}"


AGREED = (
    Column("From", lambda row: link(f"{row.starts_on:%-d %b %Y}", page_of(row)), lambda row: row.starts_on),
    columns.day("Until", "ends_on"), columns.choice("Merchant of record: the chain is", "merchant", sort=False),
    columns.yes_no("Refers", "refers"), columns.yes_no("Ships", "ships"), rate("Markup", "markup"),
    columns.number("Days to return", "return_days", sort=False),
)  # fmt: skip
CURSOR = (
    columns.text("What", "kind"), columns.moment("Read last", "moved_at"), columns.moment("Read next", "next_at"),
    columns.number("Failures in a row", "failures", sort=False),
)  # fmt: skip


class AgreementAdmin(ReadOnlyAdmin):
    """What holds with a partner from a day on."""

    right = "partners.read"
    place_field = ""
    about = "The newest that has begun and not ended holds. Restating one changes it for what is sold from then on."
    ordering = ("partner__code", "-starts_on")
    reads_along = ("partner",)
    list_filter = (("partner", filters.RELATED), filters.one_of("merchant"))
    table = (
        PARTNER, columns.day("From", "starts_on"), columns.day("Until", "ends_on"),
        columns.choice("The chain is", "merchant"), columns.text("Currency", "currency"),
        columns.yes_no("Refers", "refers"), columns.yes_no("Ships", "ships"), rate("Markup", "markup"),
        columns.number("Days to return", "return_days"), columns.number("Settled every (days)", "settlement_days"),
    )  # fmt: skip
    facts = (
        *table,
        columns.yes_no("What it sold comes back", "counter_returns", yes="to our counters", no="to the partner alone"),
        columns.number("An offer is fresh for (minutes)", "fresh_minutes"),
        columns.number("A click counts for (days)", "referral_days"), columns.moment("Stated", "recorded_at"),
    )  # fmt: skip

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"{row.partner.name}, from {row.starts_on:%-d %b %Y}"

    def sections(self, request: HttpRequest, row: Row) -> list[Section]:  # noqa: ARG002
        """Show the commission agreed."""
        terms = CommissionTerm.objects.filter(agreement=row).order_by("category")
        shown = (
            Column("Category", lambda term: term.category or "every other", lambda term: term.category),
            rate("Commission", "rate"),
        )
        return [section("Commission", shown, terms, empty="None was agreed.")]

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"partner/{row.partner.code}"


def _billionths(row: Row) -> str:
    return f"{row.billionths / RATE_SCALE:,.6f}".rstrip("0").rstrip(".")


class ExchangeRateAdmin(ReadOnlyAdmin):
    """What foreign money is worth, and from when on."""

    right = "partners.read"
    place_field = ""
    about = "Append-only: prices were made of each. An offer without a rate for its currency is not shown."
    ordering = ("-valid_from", "base")
    list_filter = (("base", filters.ValuesFilter), ("quote", filters.ValuesFilter), filters.day("valid_from"))
    table = (
        columns.text("One", "base"),
        Column("Is", _billionths, _billionths, "billionths", numeric=True, __name__="n_billionths"),
        columns.text("In", "quote"), columns.moment("From", "valid_from"), columns.moment("Stated", "recorded_at"),
    )  # fmt: skip


class OfferAdmin(SearchedAdmin):
    """What partners sell, in their own words."""

    right = "partners.read"
    place_field = ""
    about = "As the partner states it, with when it said so. No stock of it is promised by us."
    search_help_text = "The partner's reference, GTIN, or how its title begins"
    ordering = ("-changed",)
    reads_along = ("partner",)
    list_filter = (
        ("partner", filters.RELATED), "available", "gone", filters.SAME_THING, filters.day("stated_at"),
    )  # fmt: skip
    table = (
        columns.text("Offer", "title"), PARTNER, columns.text("Reference", "reference"),
        columns.money("Price", "price"), columns.number("Stock", "stock"),
        columns.yes_no("Sold", "gone", yes="no more", no="yes"), columns.text("Category", "category"),
        columns.text("GTIN", "gtin"), columns.moment("Stated", "stated_at"),
    )  # fmt: skip
    facts = (
        *table, columns.text("Seller", "seller"), columns.text("Brand", "brand"), columns.text("Model", "model"),
        columns.money("List price", "list_price"), columns.money("Shipping", "shipping_amount"),
        columns.number("Days at the least", "days_from"), columns.number("Days at the most", "days_to"),
        columns.long("Address", "url"), columns.moment("Listed last", "seen_at"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by reference, GTIN or the beginning of its title."""
        return Q(reference=term) | Q(gtin=term.zfill(14)) | Q(title__istartswith=term)

    def heading(self, row: Row) -> str:
        """Name it."""
        return str(row.title)


class OfferImportAdmin(ReadOnlyAdmin):
    """How catalogues were read."""

    right = "partners.read"
    place_field = ""
    about = "A reading that was interrupted goes on where it stopped: load the same file again."
    reads_along = ("partner",)
    list_filter = (("partner", filters.RELATED), filters.one_of("state"), filters.day("started_at"))
    table = (
        columns.text("File", "name"), PARTNER, columns.choice("Stands", "state", tones=IMPORT_TONES),
        columns.number("Read", "read"), columns.number("New", "created"), columns.number("Changed", "changed"),
        columns.number("Sold no more", "ended"), columns.number("Odd", "odd"),
        columns.moment("Begun", "started_at"), columns.moment("Ended", "ended_at"), columns.long("Why", "reason"),
    )  # fmt: skip


class OddityAdmin(SearchedAdmin):
    """What partners stated that could not be taken as it is."""

    right = "partners.read"
    place_field = ""
    about = "Kept with its reason; nothing else waits for it. Look into it, then settle it with a note."
    search_help_text = "Reference or explanation"
    ordering = ("-last_at",)
    reads_along = ("partner",)
    list_filter = (
        filters.one_of("state"), ("partner", filters.RELATED), ("kind", filters.ValuesFilter),
        ("reason", filters.ValuesFilter), filters.day("last_at"),
    )  # fmt: skip
    table = (
        columns.spelt("About", "kind"), PARTNER, columns.text("Reference", "reference"),
        columns.spelt("What", "reason"), columns.long("Explanation", "explanation"),
        columns.number("Times", "times"), columns.moment("Last", "last_at"),
        columns.choice("Stands", "state", tones=ODD_TONES),
    )  # fmt: skip
    facts = (
        *table, columns.moment("First", "first_at"), columns.moment("Settled", "settled_at"),
        columns.text("By", "settled_by"), columns.long("Note", "note"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find the reference, or words of the explanation."""
        return Q(reference=term) | Q(explanation__icontains=term)

    def heading(self, row: Row) -> str:
        """Name it by what it is about."""
        return f"Odd of {row.partner.name}: {row.kind} {row.reference}"

    def texts(self, row: Row) -> list[tuple[str, str]]:
        """Show what came."""
        shown = [("Why it is here", row.explanation)]
        return [*shown, ("As it came", pretty(row.content))] if row.content else shown

    def trail_target(self, row: Row) -> str:
        """Return its name in the trail."""
        return f"oddity/{row.pk}"


class ReceivedPushAdmin(ReadOnlyAdmin):
    """What partners sent by themselves."""

    right = "partners.read"
    place_field = ""
    about = "Signed as it should be, and kept once. What a push says is asked for, never believed."
    reads_along = ("partner",)
    list_filter = (("partner", filters.RELATED), ("kind", filters.ValuesFilter), filters.day("received_at"))
    table = (
        columns.spelt("About", "kind"), PARTNER, columns.text("Reference", "reference"),
        columns.text("It says", "status"), columns.moment("Of", "occurred_at"),
        columns.moment("Received", "received_at"), columns.moment("Followed", "done_at"),
        columns.number("Failures", "failures"),
    )  # fmt: skip


ADMINS = {
    Partner: PartnerAdmin,
    Agreement: AgreementAdmin,
    ExchangeRate: ExchangeRateAdmin,
    Offer: OfferAdmin,
    OfferImport: OfferImportAdmin,
    Oddity: OddityAdmin,
    ReceivedPush: ReceivedPushAdmin,
}
