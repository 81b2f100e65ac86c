"""What a link to a partner's page needs of its offer; one statement, however many."""

from collections.abc import Collection
from datetime import date

import msgspec

from onebasket.base import bulk
from onebasket.base.columns import Row
from onebasket.commerce.partners.rules.links import LinkTarget

_SELECT = (
    "SELECT o.id, o.reference, o.url, o.gone, p.id, p.code, p.gateway, p.options, p.active, p.endpoint, ("
    "SELECT a.refers FROM partners_agreement a WHERE a.partner_id = p.id AND a.starts_on <= %s "
    "AND (a.ends_on IS NULL OR a.ends_on > %s) ORDER BY a.starts_on DESC LIMIT 1) "
    "FROM partners_offer o JOIN partners_partner p ON p.id = o.partner_id WHERE "
)
_options = msgspec.json.Decoder(dict[str, object]).decode


def link_targets(offer_ids: Collection[int], *, on: date) -> dict[int, LinkTarget]:
    """Return what links need of offers, by id, with what is agreed on a day."""
    if not offer_ids:
        return {}
    day = on if bulk.is_postgresql() else on.isoformat()
    rows = bulk.fetch(_SELECT + bulk.in_list("o.id"), [day, day, bulk.list_parameter(set(offer_ids))])
    return {row[0]: _target(row) for row in rows}


def _target(row: Row) -> LinkTarget:
    pk, reference, url, gone, partner_id, code, gateway, options, active, endpoint, refers = row
    stated = _options(options) if isinstance(options, str) else options
    return LinkTarget(
        pk, reference, url, bool(gone), partner_id, code, gateway,
        {name: str(value) for name, value in stated.items()}, bool(active and refers), endpoint,
    )  # fmt: skip
