"""Tables as text, CSV (RFC 4180) and tab-separated: rows one after the other, a broken one without its neighbours."""

import csv
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import TextIO

from onebasket.commerce.partners.gateways.feed.naming import named_in_row
from onebasket.commerce.partners.gateways.feed.unfit import Row, odd
from onebasket.commerce.partners.rules.port import OddItem

LONGEST_LINE = 1024 * 1024
"""Characters; a longer line comes in pieces, none of which is a row, so that memory stays bounded."""
MOST_LINES = 200
"""A cell in quotation marks that holds more lines than this was never closed."""
_TAB = "\t"
_SEPARATORS = (",", ";", "|", _TAB)


class Table:
    """A table under its heading. `cut` says so where the file ended inside a row.

    `is_named_first`: the first cell of a row says which offer it is, so that a row that cannot be split has a name.
    """

    def __init__(self, stream: TextIO, *, delimiter: str = "", quote: str = '"') -> None:
        """Read the heading; without a delimiter it is told from there."""
        self._lines = iter(partial(stream.readline, LONGEST_LINE), "")
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        first = next((line for line in self._lines if line.strip()), "")
        self.delimiter = delimiter or max(_SEPARATORS, key=first.count)
        self._quote = quote
        self._reader = csv.reader(self._feed(), delimiter=self.delimiter, quotechar=quote, strict=True)
        self._again.append(first)
        self.header = next(self._reader, [])
        self.number = 1
        self.cut = ""
        self.is_named_first = False

    def rows(self) -> Iterator[Row | OddItem]:
        """Yield each row, in order; what is none comes as odd, and is told by its first lines."""
        wide = len(self.header)
        while True:
            self._taken.clear()
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield self._recover(f"The row cannot be split into columns: {error}.")
                continue
            if len(cells) == wide:
                self.number += 1
                yield Row(cells, self._taken[0] if len(self._taken) == 1 else "".join(self._taken))
            elif any(cells):
                yield self._recover(f"The row has {len(cells)} columns, the heading {wide}.")

    def _feed(self) -> Iterator[str]:
        """Give lines to the splitter, noting which a row takes; those of a broken row come again, but for its first."""
        while True:
            line = self._again.popleft() if self._again else next(self._lines, "")
            if not line:
                return
            self._taken.append(line)
            if len(self._taken) > MOST_LINES:
                raise csv.Error(f"a quotation mark is not closed within {MOST_LINES} lines")
            yield line

    def _recover(self, explanation: str) -> Row | OddItem:
        """Take the first line of a row that cannot be read for itself, and let the others be read anew."""
        first, *others = self._taken or [""]
        self._again.extendleft(reversed(others))
        self._reader = csv.reader(self._feed(), delimiter=self.delimiter, quotechar=self._quote, strict=True)
        self.number += 1
        if self.delimiter == _TAB and len(cells := first.rstrip("\r\n").split(_TAB)) == len(self.header):
            return Row(cells, first)  # in tables by tabs quotation marks often mean themselves
        if not first.endswith(("\n", "\r")) and not others and not self._again and self._at_end():
            self.cut = f"The file ends inside row {self.number}: it was cut."
        named = named_in_row(first, delimiter=self.delimiter, quote=self._quote) if self.is_named_first else ""
        return odd(named, "columns", explanation, first)

    def _at_end(self) -> bool:
        line = next(self._lines, "")
        if line:
            self._again.append(line)
        return not line
