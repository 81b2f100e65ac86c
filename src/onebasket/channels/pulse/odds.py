"""The lists of what waits for a person: breaches, discrepancies, line exceptions, quarantine, dead webhooks."""

from operator import attrgetter

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from onebasket.channels.pulse import formats, words
from onebasket.channels.pulse.figures import Amount
from onebasket.channels.pulse.listing import Cell, Column, Filter, Listing, Text
from onebasket.channels.pulse.rows import DeliveryRow, ExceptionRow, OddsRow, QuarantineRow
from onebasket.channels.pulse.tables import choices, place_cell

OPEN_OR_CLOSED = (("open", _("open")), ("closed", _("closed")))


def _odds(row: OddsRow) -> tuple[Cell, ...]:
    link = reverse("pulse:shelf", args=[row.place_code, row.sku])
    closed = row.closed_at is not None
    return (
        Cell(formats.moment(row.opened_at, row.time_zone), raw=row.opened_at.isoformat()),
        Cell(row.product_name, href=link, sub=row.sku),
        place_cell(row.place_code, row.place_name),
        Cell(
            formats.quantity(Amount(row.quantity, row.unit, row.decimals)),
            raw=row.quantity,
            tone="mute" if closed else "bad",
        ),
        Cell(
            formats.moment(row.closed_at, row.time_zone) if closed else str(words.EXCEPTION_STATES["open"]),
            raw=row.closed_at.isoformat() if row.closed_at else "",
            tone="mute" if closed else "warn",
        ),
        Cell(row.note),
    )


def _state(names: dict[str, words.Word], state: str) -> Cell:
    return Cell(words.word(names, state), tone="warn" if state == "open" else "mute", raw=state)


def _exception(row: ExceptionRow) -> tuple[Cell, ...]:
    return (
        Cell(formats.moment(row.opened_at, row.time_zone), raw=row.opened_at.isoformat()),
        Cell(row.receipt_number, href=reverse("pulse:receipt", args=[row.receipt_id])),
        place_cell(row.place_code, row.place_name),
        Cell(str(row.line), raw=row.line),
        Cell(row.code),
        Cell(words.word(words.EXCEPTION_REASONS, row.reason), raw=row.reason),
        _state(words.EXCEPTION_STATES, row.state),
    )


def _quarantine(row: QuarantineRow) -> tuple[Cell, ...]:
    return (
        Cell(formats.moment(row.received_at), raw=row.received_at.isoformat()),
        Cell(words.word(words.QUARANTINE_KINDS, row.kind), sub=row.key, raw=row.kind),
        Cell(row.place_code or formats.DASH, raw=row.place_code),
        Cell(words.word(words.QUARANTINE_REASONS, row.reason.replace("-", "_")), sub=row.explanation, raw=row.reason),
        _state(words.QUARANTINE_STATES, row.state),
    )


def _delivery(row: DeliveryRow) -> tuple[Cell, ...]:
    return (
        Cell(formats.moment(row.next_attempt_at), raw=row.next_attempt_at.isoformat()),
        Cell(row.url),
        Cell(row.type, sub=row.subject),
        Cell(str(row.attempts), raw=row.attempts),
        Cell(row.last_error, tone="bad"),
    )


def _odds_columns(quantity: Text) -> tuple[Column, ...]:
    return (
        Column("opened_at", _("Since"), sorts=True),
        Column("product", _("Product")),
        Column("place", _("Place")),
        Column("quantity", quantity, sorts=True, numeric=True),
        Column("closed_at", _("State")),
        Column("note", _("Note")),
    )


BREACHES = Listing(
    key="breaches",
    title=_("Breaches"),
    about=_(
        "Shelves where a fact took what orders count on. A breach closes itself when stock arrives or promises end."
    ),
    columns=_odds_columns(_("Short by")),
    filters=(Filter("q", _("Product or SKU")), Filter("state", _("State"), "choice", OPEN_OR_CLOSED)),
    cells=_odds,
    sort="opened_at",
    empty=_("No promise is at risk: every reserved unit is on its shelf."),
)
DISCREPANCIES = Listing(
    key="discrepancies",
    title=_("Discrepancies"),
    about=_("Shelves whose on hand is below zero: more was sold than was ever booked in. Each one asks for a count."),
    columns=_odds_columns(_("On hand")),
    filters=(Filter("q", _("Product or SKU")), Filter("state", _("State"), "choice", OPEN_OR_CLOSED)),
    cells=_odds,
    sort="opened_at",
    empty=_("No shelf is below zero."),
)
EXCEPTIONS = Listing(
    key="exceptions",
    title=_("Line exceptions"),
    about=_("Receipt lines that are booked in money but moved no stock, until somebody says what they were."),
    columns=(
        Column("opened_at", _("Since"), sorts=True),
        Column("receipt", _("Receipt")),
        Column("place", _("Place")),
        Column("line", _("Line"), numeric=True),
        Column("code", _("Code"), sorts=True),
        Column("reason", _("Why")),
        Column("state", _("State")),
    ),
    filters=(
        Filter("q", _("Code")),
        Filter("reason", _("Why"), "choice", choices(words.EXCEPTION_REASONS)),
        Filter("state", _("State"), "choice", choices(words.EXCEPTION_STATES)),
    ),
    cells=_exception,
    sort="opened_at",
    empty=_("Every line that the tills sent is known and has moved its stock."),
)
QUARANTINE = Listing(
    key="quarantine",
    title=_("Quarantine"),
    about=_("Messages that could not be booked, kept whole with the reason. Nothing else waits for them."),
    columns=(
        Column("received_at", _("Received"), sorts=True),
        Column("kind", _("What")),
        Column("place", _("Place")),
        Column("reason", _("Why"), sorts=True),
        Column("state", _("State")),
    ),
    filters=(
        Filter("q", _("Key or words")),
        Filter("state", _("State"), "choice", choices(words.QUARANTINE_STATES)),
    ),
    allowed=attrgetter("sees_quarantine"),
    cells=_quarantine,
    sort="received_at",
    empty=_("Quarantine is empty: everything that arrived could be read and booked."),
)
WEBHOOKS = Listing(
    key="webhooks",
    title=_("Dead webhook deliveries"),
    about=_("News that an address did not take after every attempt. It can be sent again from the back office."),
    columns=(
        Column("next_attempt_at", _("Last attempt"), sorts=True),
        Column("address", _("Address")),
        Column("type", _("News")),
        Column("attempts", _("Attempts"), sorts=True, numeric=True),
        Column("last_error", _("What the address said")),
    ),
    filters=(Filter("q", _("Address, type or subject")),),
    allowed=attrgetter("sees_webhooks"),
    cells=_delivery,
    sort="next_attempt_at",
    places=False,
    empty=_("Every address takes its news."),
)
