"""How the chain's own in-store codes are read, and ids of units."""

from collections.abc import Iterable

from onebasket.commerce.catalogue.models import BarcodeTemplate, Unit
from onebasket.kernel.barcodes import InStoreTemplate, template_from


def barcode_templates() -> tuple[InStoreTemplate, ...]:
    """Return the templates of in-store codes with a price or weight inside, in the order in which they were made."""
    return tuple(
        template_from(pattern) for pattern in BarcodeTemplate.objects.order_by("pk").values_list("pattern", flat=True)
    )


def unit_ids(codes: Iterable[str]) -> dict[str, int]:
    """Return the id of each unit by its code."""
    return dict(Unit.objects.filter(code__in=list(codes)).values_list("code", "pk"))
