"""Partners side by side: coverage, what was shown, clicked and bought, what is due, and prices beside our own."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from onebasket.base.clock import database_now
from onebasket.channels.desk import formats
from onebasket.channels.desk.columns import Column, Row, address_of, link
from onebasket.channels.desk.exporting import csv_file
from onebasket.channels.desk.rights import has_anywhere, person
from onebasket.channels.desk.sections import MOST_ROWS, filtered, section
from onebasket.channels.desk.works.promoting import percent
from onebasket.commerce.catalogue.models import Product
from onebasket.commerce.insights.queries.partners import PriceBeside, prices_beside
from onebasket.commerce.partners.models import CommissionLine, Offer, Partner, PartnerPart, Referral, ShownOffers
from onebasket.commerce.partners.queries.figures import PartnerFigures, most_shown, partner_figures
from onebasket.commerce.partners.rules.parts import Status
from onebasket.commerce.places.queries import all_places
from onebasket.kernel.money import decimal_amount

RIGHT, LEDGER_RIGHT = "partners.read", "commission.read"
DAYS = 30
COUNTED = ",".join(one.value for one in Status if one not in {Status.REFUSED, Status.CANCELLED})
"""The parts of orders that are counted: what came to nothing is not."""


class Asked(NamedTuple):
    """The days looked at, both included, and the one partner whose prices are compared."""

    first: date
    last: date
    partner: Partner | None

    @property
    def partner_id(self) -> int | None:
        """Return the partner's id, None for every partner."""
        return None if self.partner is None else self.partner.pk

    @property
    def begins(self) -> datetime:
        """Return when the first day begins, in UTC."""
        return datetime.combine(self.first, time.min, UTC)

    @property
    def ends(self) -> datetime:
        """Return when the last day is over, in UTC."""
        return datetime.combine(self.last + timedelta(days=1), time.min, UTC)


@require_safe
def comparing_page(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """Show how partners do beside one another, and beside our own prices."""
    asked = _asked(request)
    currency = _currency()
    ledger = has_anywhere(person(request), LEDGER_RIGHT)
    beside = prices_beside(currency=currency, now=database_now(), partner_id=asked.partner_id)
    shown = most_shown(asked.begins, asked.ends, limit=MOST_ROWS + 1)
    context = {
        **site.each_context(request),
        "title": "Partners side by side",
        "asked": asked,
        "partners": Partner.objects.order_by("name"),
        "csv": f"{reverse('desk:partners_compared_csv')}?{urlencode(_query(asked))}",
        "sections": [
            section(
                "By partner", _columns(asked, ledger=ledger), partner_figures(asked.begins, asked.ends),
                empty="There are no partners yet.",
            ),
            section(
                "Prices beside our own, the cheapest beside ours first", _beside(currency), beside,
                empty="No partner offers what we sell too: the same thing is told by its GTIN.",
            ),
            section("Offers shown most", SHOWN, shown, empty="Nothing was shown in these days."),
        ],
    }  # fmt: skip
    request.current_app = site.name
    return TemplateResponse(request, "desk/comparing.html", context)


@require_safe
def comparing_csv(request: HttpRequest) -> HttpResponseBase:
    """Stream the prices beside our own as a file, whole."""
    asked = _asked(request)
    currency = _currency()
    rows = prices_beside(currency=currency, now=database_now(), partner_id=asked.partner_id)
    return csv_file("onebasket prices beside partners", _beside(currency), iter(rows))


def _asked(request: HttpRequest) -> Asked:
    if not has_anywhere(person(request), RIGHT):
        raise PermissionDenied
    today = database_now().date()
    last = _day(request.GET.get("until", "")) or today
    first = _day(request.GET.get("from", "")) or last - timedelta(days=DAYS - 1)
    code = request.GET.get("partner", "").replace("\x00", "")[:32]
    return Asked(min(first, last), last, Partner.objects.filter(code=code).first() if code else None)


def _day(text: str) -> date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found and date(2000, 1, 1) <= found < date(9000, 1, 1) else None


def _query(asked: Asked) -> dict[str, str]:
    stated = {"from": asked.first.isoformat(), "until": asked.last.isoformat()}
    return stated | ({"partner": asked.partner.code} if asked.partner else {})


def _currency() -> str:
    """Return the currency in which the chain's stores trade."""
    return next((place.currency for place in all_places() if place.kind == "store"), "USD")


def _columns(asked: Asked, *, ledger: bool) -> tuple[Column, ...]:
    def counted(title: str, name: str, rows: str = "") -> Column:
        return Column(
            title, lambda row: link(f"{getattr(row, name):,}", rows.format(row.id) if rows else ""),
            lambda row: getattr(row, name), numeric=True,
        )  # fmt: skip

    own = {"partner__id__exact": "{}"}
    offered = own | {"gone__exact": "0"}
    days = {"from": asked.first.isoformat(), "to": asked.last.isoformat()}

    def within(model: type, field: str, **more: str) -> str:
        stated = own | {f"{field}_from": days["from"], f"{field}_to": days["to"]} | more
        return filtered(model, **stated).replace("%7B%7D", "{}")

    shown = within(ShownOffers, "day")
    first = (
        Column("Partner", lambda row: link(row.name, address_of(Partner, row.id)), lambda row: row.code),
        counted("Offers", "offers", filtered(Offer, **offered).replace("%7B%7D", "{}")),
        counted("There now", "there"),
        counted("The same as ours", "same", filtered(Offer, same="yes", **offered).replace("%7B%7D", "{}")),
        counted("Shown", "shown", shown), counted("Clicked", "clicked", shown),
        counted("Bought there", "bought", within(Referral, "bought_at")),
        counted("Parts of orders", "parts", within(PartnerPart, "opened_at", status__in=COUNTED)),
        Column("Sold here", lambda row: _sums(row.sold), lambda row: _sums(row.sold), numeric=True),
    )  # fmt: skip
    if not ledger:
        return first

    def due(row: PartnerFigures) -> object:
        return link(_sums(row.commission), within(CommissionLine, "bought_at").format(row.id))

    return (*first, Column("Commission", due, lambda row: _sums(row.commission), numeric=True))


def _sums(amounts: Mapping[str, int]) -> str:
    return ", ".join(formats.money(amount, currency) for currency, amount in sorted(amounts.items())) or formats.DASH


def _beside(currency: str) -> tuple[Column, ...]:
    """Return the columns of prices beside our own, in the chain's currency."""

    def money(title: str, name: str) -> Column:
        def draw(row: Row) -> str:
            return formats.money(getattr(row, name), currency)

        return Column(title, draw, lambda row: decimal_amount(getattr(row, name), currency), numeric=True)

    return (
        Column("Product", lambda row: link(row.name, address_of(Product, row.product_id)), lambda row: row.name),
        Column("SKU", lambda row: row.sku, lambda row: row.sku),
        money("Ours", "ours"),
        Column("Partner", lambda row: link(row.partner, address_of(Offer, row.offer_id)), lambda row: row.partner),
        money("Theirs", "theirs"), money("Shipping", "shipping"),
        Column("Apart", _apart, lambda row: row.apart, numeric=True),
        Column("Stock there", lambda row: formats.DASH if row.stock is None else f"{row.stock:,}",
               lambda row: row.stock, numeric=True),
    )  # fmt: skip


def _apart(row: PriceBeside) -> str:
    sign = formats.MINUS if row.apart < 0 else "+"
    return f"{sign}{percent(abs(row.apart) // 10_000 * 10_000)} %"


SHOWN: tuple[Column, ...] = (
    Column("Offer", lambda row: link(row.title, address_of(Offer, row.offer_id)), lambda row: row.title),
    Column("Partner", lambda row: row.partner, lambda row: row.partner),
    Column("Shown", lambda row: f"{row.shown:,}", lambda row: row.shown, numeric=True),
    Column("Clicked", lambda row: f"{row.clicked:,}", lambda row: row.clicked, numeric=True),
    Column("Bought there", lambda row: f"{row.bought:,}", lambda row: row.bought, numeric=True),
)
