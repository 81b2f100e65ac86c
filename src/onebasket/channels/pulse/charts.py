"""Geometry of the charts: rows of numbers in, shapes in SVG user units out; no text, no colour, no style."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from onebasket.channels.pulse.figures import TILL, ChannelMinute, MinuteSeries

WIDTH, HEIGHT = 600, 150
KNOWN = (TILL, "web", "kiosk", "partner")


@dataclass(frozen=True, slots=True)
class Block:
    """One channel's part of a bar."""

    channel: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One minute: where it stands, what is stacked there and what it sums to."""

    minute: datetime
    x: float
    total: int
    parts: tuple[tuple[str, int], ...]
    blocks: tuple[Block, ...]
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Stacked bars of the last minutes; `top` is what the upper edge stands for."""

    bars: tuple[Bar, ...]
    top: int
    bar_width: float
    totals: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """The sum over all minutes."""
        return sum(bar.total for bar in self.bars)

    @property
    def busiest(self) -> Bar | None:
        """The minute with the most, or None when nothing happened."""
        return max(self.bars, key=lambda bar: bar.total) if self.total else None

    @property
    def last_full(self) -> Bar | None:
        """The newest whole minute."""
        return self.bars[-2] if len(self.bars) > 1 else None

    @property
    def rows(self) -> tuple[tuple[Bar, tuple[int, ...]], ...]:
        """The minutes in which something happened, newest first, with each channel's part in the totals' order."""
        names = [channel for channel, _ in self.totals]
        return tuple(
            (bar, tuple(dict(bar.parts).get(name, 0) for name in names)) for bar in reversed(self.bars) if bar.parts
        )


def nice_top(largest: int) -> int:
    """Return the next round number (1, 2, 2.5 or 5 times a power of ten) that is not below `largest`."""
    step = 1
    while True:
        for tenths in (10, 20, 25, 50):
            if (top := step * tenths // 10) >= largest and step * tenths % 10 == 0:
                return max(top, 1)
        step *= 10


def rank(channel: str) -> tuple[int, str]:
    """Return where a channel stands in stacks and legends: the known ones first, the rest by name."""
    return (KNOWN.index(channel) if channel in KNOWN else len(KNOWN), channel)


def chart_class(channel: str) -> str:
    """Return the class that colours a channel."""
    return f"c-{channel}" if channel in KNOWN else "c-other"


def counts(series: MinuteSeries) -> Chart:
    """Chart receipts and orders a minute."""
    return _chart(series, lambda cell: cell.count)


def sales(series: MinuteSeries) -> Chart:
    """Chart money a minute, in minor units; a minute that gave back more than it sold stands at zero height."""
    return _chart(series, lambda cell: cell.amount)


def _chart(series: MinuteSeries, value: Callable[[ChannelMinute], int]) -> Chart:
    by_minute: dict[datetime, dict[str, int]] = defaultdict(dict)
    totals: dict[str, int] = defaultdict(int)
    for cell in series.cells:
        by_minute[cell.minute][cell.channel] = by_minute[cell.minute].get(cell.channel, 0) + value(cell)
        totals[cell.channel] += value(cell)
    top = nice_top(max((_positive(parts) for parts in by_minute.values()), default=0))
    step = WIDTH / series.minutes
    bars = []
    for index in range(series.minutes):
        minute = series.end - timedelta(minutes=series.minutes - 1 - index)
        parts = sorted(by_minute.get(minute, {}).items(), key=lambda part: rank(part[0]))
        bars.append(
            Bar(
                minute=minute,
                x=round(index * step + step * 0.1, 2),
                total=sum(amount for _, amount in parts),
                parts=tuple(parts),
                blocks=_stack(parts, top),
                partial=index == series.minutes - 1,
            )
        )
    ordered = tuple(sorted(totals.items(), key=lambda part: rank(part[0])))
    return Chart(bars=tuple(bars), top=top, bar_width=round(step * 0.8, 2), totals=ordered)


def _positive(parts: dict[str, int]) -> int:
    return sum(max(amount, 0) for amount in parts.values())


def _stack(parts: Sequence[tuple[str, int]], top: int) -> tuple[Block, ...]:
    floor = float(HEIGHT)
    blocks = []
    for channel, amount in parts:
        height = round(max(amount, 0) / top * HEIGHT, 2)
        floor = round(floor - height, 2)
        blocks.append(Block(channel=channel, y=floor, height=height))
    return tuple(blocks)


def spark(values: Sequence[int], *, width: int = 200, height: int = 34) -> str:
    """Return the points of a small line through the values, for an SVG polyline."""
    if len(values) < 2:  # noqa: PLR2004 - a line needs two ends
        return ""
    top = max(*values, 1)
    step = width / (len(values) - 1)
    return " ".join(
        f"{index * step:.1f},{height - 2 - max(value, 0) / top * (height - 4):.1f}"
        for index, value in enumerate(values)
    )


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a shelf's bar, in per cent of the bar's width."""

    name: str
    x: float
    width: float


def shelf_bar(*, reserved: int, held: int, buffer: int, on_hand: int) -> tuple[Segment, ...]:
    """Split a bar into reserved, held, buffer and available; what is promised beyond on hand is short."""
    here = max(on_hand, 0)
    whole = max(here, reserved + held, 1)
    there = min(reserved, here)
    waiting = min(held, here - there)
    kept = min(buffer, here - there - waiting)
    parts = (
        ("reserved", there), ("held", waiting), ("short", reserved + held - there - waiting), ("buffer", kept),
        ("free", here - there - waiting - kept),
    )  # fmt: skip
    left, segments, used = float(100), [], 0.0
    for name, steps in parts:
        width = round(min(max(steps, 0) / whole * 100, left), 2)
        if width:
            segments.append(Segment(name, round(used, 2), width))
        used, left = used + width, left - width
    return tuple(segments)
