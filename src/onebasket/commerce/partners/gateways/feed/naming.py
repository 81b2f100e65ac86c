"""What names a thing that cannot be read, where that can be told all the same: so it still counts as listed."""

import html
import json
import re

LONGEST_NAME = 64
_IN_LINE = re.compile(r'"reference"\s*:\s*("(?:[^"\\]|\\.){1,400}"|-?\d{1,64})(?=\s*[,}])')
_IN_ITEM = re.compile(
    r"<(?:[\w.-]+:)?id\s*>\s*(?:<!\[CDATA\[(?P<plain>[^<]{1,100}?)\]\]>|(?P<escaped>[^<]{1,700}))\s*</"
)


def named_in_line(line: str) -> str:
    """Return the reference in a JSON line, a number as it stands; empty where none can be told."""
    hit = _IN_LINE.search(line)
    try:
        return _fit(str(json.loads(hit[1]))) if hit else ""
    except ValueError:
        return ""


def named_in_item(item: str) -> str:
    """Return the id in an item of a feed; empty where none can be told."""
    hit = _IN_ITEM.search(item)
    return _fit(hit["plain"] or html.unescape(hit["escaped"])) if hit else ""


def named_in_row(line: str, *, delimiter: str, quote: str) -> str:
    """Return the first cell of a row that cannot be split, unless it is in quotation marks."""
    first = line.partition(delimiter)[0]
    return "" if quote in first else _fit(first)


def _fit(name: str) -> str:
    name = name.strip()
    return name if len(name) <= LONGEST_NAME else ""
