"""How a search box finds rows: by what people read off a shelf, a receipt or a screen, exactly where tables are big."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest

from onebasket.base.models import InboxEntry
from onebasket.channels.desk.rows import ReadOnlyAdmin
from onebasket.commerce.access.models import Source
from onebasket.commerce.catalogue.queries import search_products

MOST_PRODUCTS = 500
MOST_ENTRIES = 100
LONGEST = 120


class SearchedAdmin(ReadOnlyAdmin):
    """A table that is searched by `sought`: one statement finds products, the rows are found by their ids."""

    search_fields = ("pk",)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:  # noqa: ANN401, ARG002
        """Return the rows that are sought, none of them twice."""
        term = search_term.replace("\x00", "").strip()[:LONGEST]
        return (queryset.filter(self.sought(term)) if term else queryset), False

    def sought(self, term: str) -> Q:
        """Return the condition that a text stands for."""
        raise NotImplementedError


class ByProductAdmin(SearchedAdmin):
    """A table of products' rows, searched by name, SKU or barcode."""

    search_help_text = "Product, SKU or barcode"
    reads_along: ClassVar[tuple[str, ...]] = ("place", "product__unit")

    def sought(self, term: str) -> Q:
        """Find the rows of the products found."""
        return Q(product_id__in=product_ids(term))


def product_ids(term: str) -> list[int]:
    """Return the ids of the products that a text finds."""
    return [product.id for product in search_products(term, MOST_PRODUCTS)]


def entry_ids(term: str) -> list[int]:
    """Return the inbox entries of a key."""
    return list(InboxEntry.objects.filter(key=term).values_list("pk", flat=True)[:MOST_ENTRIES])


def as_uuid(term: str) -> UUID | None:
    """Return the id that a text is, if it is one."""
    try:
        return UUID(term)
    except ValueError:
        return None


def with_source(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Add the code of the row's source, which tables name by id alone."""
    found: QuerySet[Any] = rows.annotate(
        source_code=Subquery(Source.objects.filter(pk=OuterRef("source_id")).values("code")[:1])
    )
    return found
