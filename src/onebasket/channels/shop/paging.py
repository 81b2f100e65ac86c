"""Pages of a list by number: an address for each, and no page that is not there."""

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

MOST_DIGITS = 6
AROUND = 1


class Pages:
    """Which page of how many is shown."""

    def __init__(self, number: int, items: int, size: int, *, address: str = "?") -> None:
        """Keep the page of this number; Http404 where the list does not go that far."""
        self.items = items
        self._address = address
        self.last = max(1, -(-items // size))
        if number > self.last:
            raise Http404(_("The list does not go that far."))
        self.number = number
        self.offset = (number - 1) * size

    @property
    def before(self) -> str:
        """Return the address of the page before, nothing where there is none."""
        return self.address(self.number - 1) if self.number > 1 else ""

    @property
    def after(self) -> str:
        """Return the address of the page after, nothing where there is none."""
        return self.address(self.number + 1) if self.number < self.last else ""

    @property
    def shown(self) -> list[tuple[int, str]]:
        """Return the pages to choose from: the first, those around this one, the last; 0 stands for a gap."""
        return [(number, self.address(number)) for number in self.numbers]

    def address(self, number: int) -> str:
        """Return the address of a page: what the list's own says, and the number."""
        if number == 1:
            return self._address
        return f"{self._address}{'' if self._address.endswith('?') else '&'}page={number}"

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of the pages to choose from."""
        near = range(self.number - AROUND, self.number + AROUND + 1)
        numbers = sorted({1, self.last, *(number for number in near if 1 <= number <= self.last)})
        listed: list[int] = []
        for number in numbers:
            if listed and number - listed[-1] > 1:
                listed.append(0 if number - listed[-1] > 2 else number - 1)  # noqa: PLR2004 - a gap of one is its page
            listed.append(number)
        return listed

    def canonical(self, request: HttpRequest) -> str:
        """Return the one address of this page."""
        address = request.build_absolute_uri(request.path)
        return f"{address}?page={self.number}" if self.number > 1 else address


def asked_page(request: HttpRequest) -> int:
    """Return the number of the page asked for; the first for what is no number."""
    text = request.GET.get("page", "1")
    is_number = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    return max(1, int(text)) if is_number else 1
