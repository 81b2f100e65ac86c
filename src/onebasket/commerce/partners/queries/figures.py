"""How partners do: what they offer, what was shown, clicked and bought, what is due; one statement for each figure."""

from datetime import datetime
from typing import Any

import msgspec

from onebasket.base import bulk
from onebasket.base.instants import instant_parameter

MOST_PAIRS = 2_000
"""So many offers of things that we sell too are compared at once."""


class PartnerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A partner over a span of days: `same` of its offers are of things that we sell too, by GTIN.

    `sold` is what shoppers owe for parts of orders and `commission` what stands in the ledger, by currency, in minor
    units.
    """

    id: int
    code: str
    name: str
    offers: int = 0
    there: int = 0
    same: int = 0
    shown: int = 0
    clicked: int = 0
    bought: int = 0
    parts: int = 0
    sold: dict[str, int] = {}
    commission: dict[str, int] = {}


class ShownFigures(msgspec.Struct, frozen=True):
    """How often an offer was shown and clicked, and how many of the clicks bought."""

    offer_id: int
    title: str
    partner: str
    shown: int
    clicked: int
    bought: int


def partner_figures(first: datetime, until: datetime) -> list[PartnerFigures]:
    """Return every partner's figures of [first, until), by code; six statements."""
    span = [instant_parameter(first), instant_parameter(until)]
    partners = bulk.fetch("SELECT id, code, name FROM partners_partner ORDER BY code")
    offers = _by_partner(
        "SELECT partner_id, COUNT(*), SUM(CASE WHEN available AND (stock IS NULL OR stock > 0) THEN 1 ELSE 0 END) "
        "FROM partners_offer WHERE NOT gone GROUP BY partner_id"
    )
    same = _by_partner(
        "SELECT o.partner_id, COUNT(DISTINCT o.id) FROM catalogue_barcode b JOIN partners_offer o "
        "ON o.gtin = b.code AND NOT o.gtin = '' WHERE b.kind = 'gtin' AND NOT o.gone GROUP BY o.partner_id"
    )
    days = [first.date().isoformat(), until.date().isoformat()]
    shown = _by_partner(
        "SELECT partner_id, SUM(shown), SUM(clicked) FROM partners_shownoffers WHERE day >= %s AND day < %s "
        "GROUP BY partner_id", days,
    )  # fmt: skip
    bought = _by_partner(
        "SELECT partner_id, COUNT(*) FROM partners_referral WHERE bought_at >= %s AND bought_at < %s "
        "GROUP BY partner_id", span,
    )  # fmt: skip
    parts = bulk.fetch(
        "SELECT partner_id, currency, COUNT(*), SUM(total) FROM partners_partnerpart WHERE opened_at >= %s "
        "AND opened_at < %s AND status NOT IN ('refused', 'cancelled') GROUP BY partner_id, currency", span,
    )  # fmt: skip
    due = bulk.fetch(
        "SELECT partner_id, currency, SUM(commission) FROM partners_commissionline WHERE bought_at >= %s "
        "AND bought_at < %s GROUP BY partner_id, currency", span,
    )  # fmt: skip
    return [
        PartnerFigures(
            id=identity,
            code=code,
            name=name,
            offers=offers.get(identity, (0, 0))[0],
            there=offers.get(identity, (0, 0))[1],
            same=same.get(identity, (0,))[0],
            shown=shown.get(identity, (0, 0))[0],
            clicked=shown.get(identity, (0, 0))[1],
            bought=bought.get(identity, (0,))[0],
            parts=sum(row[2] for row in parts if row[0] == identity),
            sold={row[1]: int(row[3]) for row in parts if row[0] == identity},
            commission={row[1]: int(row[2]) for row in due if row[0] == identity},
        )
        for identity, code, name in partners
    ]


def most_shown(first: datetime, until: datetime, *, limit: int) -> list[ShownFigures]:
    """Return the offers that were shown most in [first, until), with clicks and purchases; two statements."""
    rows = bulk.fetch(
        "SELECT s.offer_id, o.title, p.code, SUM(s.shown), SUM(s.clicked) FROM partners_shownoffers s "
        "JOIN partners_offer o ON o.id = s.offer_id JOIN partners_partner p ON p.id = o.partner_id "
        "WHERE s.day >= %s AND s.day < %s GROUP BY s.offer_id, o.title, p.code "
        "ORDER BY SUM(s.shown) DESC, s.offer_id LIMIT %s",
        [first.date().isoformat(), until.date().isoformat(), limit],
    )
    sql = (
        "SELECT offer_id, COUNT(*) FROM partners_referral WHERE bought_at >= %s AND bought_at < %s "  # noqa: S608 - constants
        f"AND {bulk.in_list('offer_id')} GROUP BY offer_id"
    )
    ids = bulk.list_parameter([row[0] for row in rows])
    bought: dict[int, int] = dict(bulk.fetch(sql, [instant_parameter(first), instant_parameter(until), ids]))
    return [
        ShownFigures(offer, title, partner, int(shown), int(clicked), bought.get(offer, 0))
        for offer, title, partner, shown, clicked in rows
    ]


def same_things(partner_id: int | None = None) -> list[tuple[int, int]]:
    """Return [offer id, product id] of offers of things that we sell too, by GTIN, in a fixed order; one statement."""
    of_one = "AND o.partner_id = %s " if partner_id is not None else ""
    sql = (
        "SELECT o.id, b.product_id FROM catalogue_barcode b JOIN partners_offer o "  # noqa: S608 - constants
        f"ON o.gtin = b.code AND NOT o.gtin = '' WHERE b.kind = 'gtin' AND NOT o.gone {of_one}"
        "ORDER BY b.product_id, o.id LIMIT %s"
    )
    return [(offer, product) for offer, product in bulk.fetch(sql, [*([partner_id] if of_one else []), MOST_PAIRS])]


def _by_partner(sql: str, parameters: list[Any] | None = None) -> dict[int, tuple[int, ...]]:
    return {row[0]: tuple(int(figure or 0) for figure in row[1:]) for row in bulk.fetch(sql, parameters or [])}
