"""Taxes, how they are reckoned, and on what."""

from django.db.models import Q

from onebasket.channels.desk import columns, filters
from onebasket.channels.desk.columns import Column, Row, page_of
from onebasket.channels.desk.formats import DASH
from onebasket.channels.desk.rows import ReadOnlyAdmin
from onebasket.channels.desk.searching import SearchedAdmin
from onebasket.channels.desk.works.promoting import percent
from onebasket.commerce.pricing.models import Tax, TaxClass, TaxTerms

CURRENT = Column(
    "Version",
    lambda row: columns.tag("superseded") if row.superseded_at else columns.tag(f"version {row.version}", "info"),
    lambda row: row.version,
    "version",
)


def _rate(row: Row) -> str:
    return f"{percent(row.rate)} %"


WHERE = Column(
    "Place",
    lambda row: columns.link(row.place.name, page_of(row.place)) if row.place else "every place",
    lambda row: row.place.code if row.place else "",
)
_NO_CLASS = Column("On", lambda row: row.tax_class or "no class", lambda row: row.tax_class, "tax_class")


class TaxAdmin(SearchedAdmin):
    """Rates of taxes."""

    right = "promotions.read"
    place_field = ""
    about = "Every version that ever held. A place's own rate goes before the chain's."
    search_help_text = "Code or class"
    reads_along = ("place",)
    list_filter = (filters.PLACE, filters.HOLDS, filters.day("valid_from"))
    table = (
        columns.text("Code", "code"), _NO_CLASS,
        Column("Rate", _rate, lambda row: row.rate, "rate", numeric=True, __name__="n_rate"), WHERE,
        columns.moment("From", "valid_from"), columns.moment("Until", "valid_to"),
        columns.number("Version", "version"), columns.moment("Superseded", "superseded_at"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by code or class."""
        return Q(code__istartswith=term) | Q(tax_class__istartswith=term)

    def heading(self, row: Row) -> str:
        """Name it."""
        return f"Tax {row.code}, version {row.version}"

    def trail_target(self, row: Row) -> str:
        """Show who set it."""
        return f"tax/{row.code}"


class TaxTermsAdmin(ReadOnlyAdmin):
    """How taxes are reckoned."""

    right = "promotions.read"
    place_field = ""
    about = "Where nothing is said, prices contain tax, each line is rounded, and cash is not."
    reads_along = ("place",)
    list_filter = (filters.PLACE, filters.CURRENT)
    table = (
        WHERE, columns.moment("From", "valid_from"),
        columns.yes_no("Prices", "included", yes="contain tax", no="are without tax"),
        columns.choice("Rounded on the", "rounding"), columns.number("Cash step", "cash_step"), CURRENT,
    )  # fmt: skip


class TaxClassAdmin(SearchedAdmin):
    """Which class goods are of."""

    right = "promotions.read"
    place_field = ""
    about = "The closest statement holds: of the product, else of its category, else of its department."
    search_help_text = "Name, SKU or class"
    list_filter = (filters.one_of("subject"), ("tax_class", filters.ValuesFilter))
    table = (
        columns.text("Name", "name"), columns.choice("Is a", "subject"),
        Column("Class", lambda row: row.tax_class or DASH, lambda row: row.tax_class, "tax_class"),
        columns.moment("Since", "recorded_at"),
    )  # fmt: skip

    def sought(self, term: str) -> Q:
        """Find it by name or class."""
        return Q(name__istartswith=term) | Q(tax_class__istartswith=term)


ADMINS = {Tax: TaxAdmin, TaxTerms: TaxTermsAdmin, TaxClass: TaxClassAdmin}
