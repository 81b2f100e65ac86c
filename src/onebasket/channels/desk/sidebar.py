"""The sidebar, by the work that people do; only what the person may see."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from onebasket.channels.desk.rights import has_anywhere, person


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the sidebar: title, icon of the Material symbols that unfold ships, table, right, filter."""

    title: str
    icon: str
    table: str
    right: str
    query: str = ""


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "Today",
        (
            Entry("Breaches", "warning", "stock_breach", "exceptions.read", "?is=open"),
            Entry("Discrepancies", "difference", "stock_discrepancy", "exceptions.read", "?is=open"),
            Entry("Line exceptions", "help", "sales_lineexception", "exceptions.read", "?state__exact=open"),
            Entry("Used too often", "production_quantity_limits", "pricing_overuse", "exceptions.read", "?is=open"),
            Entry("Quarantine", "medical_services", "base_quarantineitem", "quarantine.read", "?state__exact=open"),
            Entry("Odd of partners", "rule", "partners_oddity", "partners.read", "?state__exact=open"),
        ),
    ),
    (
        "Stock",
        (
            Entry("Shelves", "shelves", "stock_shelf", "stock.read"),
            Entry("Movements", "swap_horiz", "stock_movement", "stock.read"),
            Entry("Counts", "tag", "stock_count", "stock.read"),
            Entry("Holds", "hourglass_empty", "stock_hold", "stock.read"),
            Entry("Reservations", "bookmark", "stock_reservation", "stock.read"),
            Entry("Buffers", "safety_divider", "stock_buffer", "stock.read"),
        ),
    ),
    (
        "Sales",
        (
            Entry("Receipts", "receipt_long", "sales_receipt", "sales.read"),
            Entry("Receipt lines", "list", "sales_receiptline", "sales.read"),
        ),
    ),
    (
        "Orders",
        (
            Entry("Orders", "shopping_bag", "orders_order", "orders.read"),
            Entry("Order lines", "list_alt", "orders_orderline", "orders.read"),
            Entry("Staged", "shelves", "fulfilment_staging", "orders.read"),
            Entry("Returns", "assignment_return", "fulfilment_return", "sales.read"),
            Entry("Policy of returns", "gavel", "fulfilment_returnpolicy", "returns.set"),
        ),
    ),
    (
        "Payments",
        (
            Entry("Payments", "payments", "payments_payment", "payments.read"),
            Entry("Refunds", "undo", "payments_refund", "payments.read"),
            Entry("Gift cards and credit", "redeem", "payments_balanceaccount", "balances.read"),
        ),
    ),
    (
        "Collection",
        (
            Entry("Slots", "calendar_clock", "slots_slot", "slots.read", "?is=coming"),
            Entry("Who has taken them", "event_available", "slots_slotpromise", "slots.read"),
            Entry("Weekly plans", "calendar_view_week", "slots_planwindow", "slots.read"),
            Entry("Exceptions", "event_busy", "slots_planexception", "slots.read"),
        ),
    ),
    (
        "Catalogue",
        (
            Entry("Products", "category", "catalogue_product", "catalogue.read"),
            Entry("Units", "straighten", "catalogue_unit", "catalogue.read"),
            Entry("Barcodes", "barcode", "catalogue_barcode", "catalogue.read"),
            Entry("Barcode templates", "pattern", "catalogue_barcodetemplate", "catalogue.read"),
        ),
    ),
    (
        "Prices",
        (
            Entry("Price book", "sell", "pricing_price", "prices.read"),
            Entry("Promotions", "percent", "pricing_promotion", "promotions.read", "?versions=standing"),
            Entry("Coupons", "confirmation_number", "pricing_coupon", "promotions.read", "?versions=standing"),
            Entry("Campaigns", "campaign", "pricing_campaign", "promotions.read", "?versions=standing"),
            Entry("Previews", "preview", "pricing_preview", "promotions.set"),
            Entry("Uses", "redeem", "pricing_use", "customers.read"),
            Entry("Taxes", "account_balance", "pricing_tax", "promotions.read"),
            Entry("Tax terms", "rule", "pricing_taxterms", "promotions.read"),
            Entry("Tax classes", "label", "pricing_taxclass", "promotions.read"),
        ),
    ),
    (
        "Partners",
        (
            Entry("Side by side", "compare_arrows", "partners_compared", "partners.read"),
            Entry("Partners", "handshake", "partners_partner", "partners.read"),
            Entry("Agreements", "contract", "partners_agreement", "partners.read"),
            Entry("Offers", "local_offer", "partners_offer", "partners.read"),
            Entry("Catalogues read", "download", "partners_offerimport", "partners.read"),
            Entry("Parts of orders", "local_shipping", "partners_partnerpart", "partners.read"),
            Entry("Referrals", "ads_click", "partners_referral", "partners.read"),
            Entry("Shown and clicked", "visibility", "partners_shownoffers", "partners.read"),
            Entry("Commission", "paid", "partners_commissionline", "commission.read"),
            Entry("Their goods returned", "assignment_return", "partners_partnerreturn", "partners.read"),
            Entry("Exchange rates", "currency_exchange", "partners_exchangerate", "partners.read"),
            Entry("Pushes", "notifications", "partners_receivedpush", "partners.read"),
        ),
    ),
    (
        "Books",
        (
            Entry("Trial balance", "balance", "books_balance", "books.read"),
            Entry("Entries", "menu_book", "books_entry", "books.read"),
            Entry("Postings", "receipt", "books_posting", "books.read"),
            Entry("Points", "loyalty", "books_pointsaccount", "books.read"),
            Entry("Earning points", "rule", "books_earningrule", "points.set"),
        ),
    ),
    ("Places", (Entry("Places", "storefront", "places_place", "places.read"),)),
    (
        "Customers",
        (
            Entry("Customers", "group", "customers_customer", "customers.read"),
            Entry("Likely doubles", "join_inner", "customers_customer", "customers.edit", "?doubles=likely"),
            Entry("Merges", "merge", "customers_customermerge", "customers.read"),
        ),
    ),
    (
        "Access",
        (
            Entry("Users", "person", "access_user", "users.manage"),
            Entry("Sources", "point_of_sale", "access_source", "sources.enrol"),
            Entry("Tokens", "key", "access_token", "tokens.issue"),
        ),
    ),
    (
        "System",
        (
            Entry("Events", "bolt", "base_event", "events.read"),
            Entry("Webhooks", "webhook", "base_webhook", "events.read"),
            Entry("Deliveries", "outbox", "base_delivery", "events.read"),
            Entry("Subscriptions", "subscriptions", "base_subscriptioncursor", "events.read"),
            Entry("Parked events", "pause_circle", "base_parkedevent", "events.read"),
            Entry("Letters", "mail", "base_letter", "events.read"),
            Entry("Inbox", "inbox", "base_inboxentry", "events.read"),
            Entry("Audit trail", "history", "base_trailentry", "trail.read"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the sidebar in the form that django-unfold draws."""
    user = person(request)
    first = {"title": "Overview", "icon": "home", "link": reverse("desk:index")}
    groups: list[dict[str, Any]] = []
    for title, entries in GROUPS:
        seen = [entry for entry in entries if has_anywhere(user, entry.right)]
        items = [
            {"title": entry.title, "icon": entry.icon, "link": reverse(f"desk:{entry.table}_changelist") + entry.query}
            for entry in seen
        ]
        if not groups:
            items.insert(0, first)
        if items:
            groups.append({"title": title, "items": items, "collapsible": False})
    return groups


def account(request: HttpRequest) -> list[dict[str, str]]:
    """Return the links under the person's name."""
    del request
    return [{"title": "Change password", "link": reverse("desk:password_change")}]
