"""An amount divided over weights so that the parts sum to the cent."""

from collections.abc import Sequence


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount in proportion to weights, none negative, by largest remainder; the first of equals gets more.

    A part never exceeds its weight when the amount does not exceed their sum. Without any weight all goes to the first.
    """
    total = sum(weights)
    if not total:
        return [amount, *(0 for _ in weights[1:])] if weights else []
    sign, size = (1, amount) if amount >= 0 else (-1, -amount)
    shares = [divmod(size * weight, total) for weight in weights]
    parts = [whole for whole, _ in shares]
    if missing := size - sum(parts):
        for at in sorted(range(len(parts)), key=lambda at: (-shares[at][1], at))[:missing]:
            parts[at] += 1
    return [sign * part for part in parts]


def portion(amount: int, units: int, *, before: int, of: int) -> int:
    """Return what `units` of `of` bear of an amount when `before` were taken already; all of them bear exactly all."""
    return _upto(amount, before + units, of) - _upto(amount, before, of)


def _upto(amount: int, units: int, of: int) -> int:
    sign, size = (1, amount) if amount >= 0 else (-1, -amount)
    return sign * ((2 * size * units + of) // (2 * of))
