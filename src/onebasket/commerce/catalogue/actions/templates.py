"""Say how the chain's own in-store codes are read."""

from django.db import transaction

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.commerce.catalogue.models import BarcodeTemplate
from onebasket.kernel.barcodes import template_from


def add_barcode_template(pattern: str, *, actor: str) -> bool:
    """Keep a template such as `02{item:5}{price:5}{check}`; False when it is there. ValueError when it is none."""
    template_from(pattern)
    with transaction.atomic():
        _, made = BarcodeTemplate.objects.get_or_create(pattern=pattern)
        if made:
            trail.note_change(actor, action="template.add", target=f"template/{pattern}", at=database_now())
    return made
