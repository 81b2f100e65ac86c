"""What the pulse's templates write: figures in the language of the page, and charts."""

from datetime import UTC, date, datetime

from django import template
from django.utils.translation import gettext as _

from onebasket.channels.pulse import charts, formats, tables, words
from onebasket.channels.pulse.figures import Amount, Money, ShelfRow
from onebasket.channels.pulse.rows import OrderRow

register = template.Library()
TABLES: dict[str, dict[str, words.Word]] = {
    "channel": words.CHANNELS,
    "status": words.ORDER_STATUSES,
    "tender": words.TENDERS,
    "discount": words.DISCOUNTS,
    "exception": words.EXCEPTION_REASONS,
    "promise": words.PROMISE_KINDS,
    "place": words.PLACE_KINDS,
}
NUMBERS: dict[str, dict[int, words.Word]] = {
    "receipt": words.RECEIPT_KINDS,
    "funder": words.FUNDERS,
    "end": words.ENDS,
    "movement": words.MOVEMENT_KINDS,
}


@register.filter
def word(code: str | int, table: str) -> str:
    """Write the word for a code of one of the tables."""
    if isinstance(code, int):
        return str(NUMBERS[table].get(code, code))
    return words.word(TABLES[table], code)


@register.filter
def money(value: int | Money | None, currency: str = "") -> str:
    """Write minor units of a currency."""
    if value is None or isinstance(value, Money):
        return formats.money(value)
    return formats.money(Money(value, currency))


@register.filter
def big_money(amount: int, currency: str) -> str:
    """Write a large sum without its decimals."""
    return formats.money(Money(amount, currency), whole=True)


@register.filter
def count(value: int) -> str:
    """Write a count."""
    return formats.number(value)


@register.filter
def quantity(value: Amount | None) -> str:
    """Write a quantity in its unit."""
    return formats.quantity(value)


@register.filter
def on_shelf(shelf: ShelfRow, steps: int) -> str:
    """Write steps in the unit of the shelf's product."""
    return formats.quantity(shelf.of(steps))


@register.filter
def moved(shelf: ShelfRow, steps: int) -> str:
    """Write a change in the unit of the shelf's product, with its sign."""
    return formats.quantity(shelf.of(steps), signed=True)


@register.filter
def shelf_bar(shelf: ShelfRow) -> tuple[charts.Segment, ...]:
    """Split a shelf into the parts of its bar."""
    return charts.shelf_bar(reserved=shelf.reserved, held=shelf.held, buffer=shelf.buffer, on_hand=shelf.on_hand)


@register.filter
def growth(part: int, whole: int) -> str:
    """Write how much more or less than the whole."""
    return formats.percent(part, whole)


@register.filter
def rate(ppm: int) -> str:
    """Write a tax rate."""
    return formats.rate(ppm)


@register.filter
def clock(at: datetime | None, time_zone: str = "UTC") -> str:
    """Write the time of day at a place."""
    return formats.clock(at, time_zone)


@register.filter
def minute(at: datetime | None, time_zone: str = "UTC") -> str:
    """Write the time of day to the minute."""
    return formats.clock(at, time_zone, seconds=False)


@register.filter
def moment(at: datetime | None, time_zone: str = "UTC") -> str:
    """Write date and time at a place."""
    return formats.moment(at, time_zone)


@register.filter
def day(of: date) -> str:
    """Write a date."""
    return formats.day(of)


@register.filter
def weekday(at: datetime) -> str:
    """Write the day of the week."""
    return formats.weekday(at)


@register.filter
def ago(at: datetime | None) -> str:
    """Write how long ago, without a word around it."""
    return formats.span((datetime.now(UTC) - at).total_seconds()) if at else formats.DASH


@register.filter
def since(at: datetime, taken_at: datetime) -> str:
    """Write how long before the figures were taken."""
    return formats.span((taken_at - at).total_seconds())


@register.filter
def chart_class(channel: str) -> str:
    """Return the class that colours a channel."""
    return charts.chart_class(channel)


@register.filter
def order_number(order: OrderRow) -> str:
    """Write an order's number."""
    return tables.order_number(order)


@register.simple_tag
def live_text(behind: float) -> str:
    """Write how far the page is behind the tills."""
    return _("live, %(span)s behind the tills") % {"span": formats.span(behind)}


@register.simple_tag
def spark(chart: charts.Chart) -> str:
    """Return the points of a small line through a chart's whole minutes."""
    return charts.spark([bar.total for bar in chart.bars[:-1]])
