"""How much of what was sold has come back, as things stand."""

from collections.abc import Mapping

from onebasket.commerce.fulfilment.models import BroughtBack


def known_back(reference: str, sold: Mapping[int, int]) -> dict[int, int]:
    """Return how much of each line, of those given with what was sold, has come back."""
    rows = BroughtBack.objects.filter(reference=reference, line__in=list(sold)).values_list("line", "back")
    return dict.fromkeys(sold, 0) | dict(rows)
