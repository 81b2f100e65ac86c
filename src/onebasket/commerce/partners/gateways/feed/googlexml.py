"""Google's product feed as XML: RSS 2.0 and Atom, with fields of the namespace g; streamed, one item at a time.

Each item is parsed by itself (defusedxml), so that a broken one does not break its neighbours. A document type is
refused, and with it every entity that somebody could define.
"""

import re
from collections.abc import Iterator
from typing import TextIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from onebasket.commerce.partners.gateways.feed.columns import NAMES
from onebasket.commerce.partners.gateways.feed.fields import shipping_groups
from onebasket.commerce.partners.gateways.feed.naming import named_in_item
from onebasket.commerce.partners.gateways.feed.unfit import UnfitFileError, odd
from onebasket.commerce.partners.rules.port import OddItem

CHUNK = 256 * 1024
LONGEST_ITEM = 1024 * 1024
MARK = "\ufffd"
"""What stands for broken bytes, and for characters that XML does not allow."""
ROOTS = frozenset({"rss", "feed", "RDF"})
_UNALLOWED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TOKEN = re.compile(
    r"<!\[CDATA\[|<!--|<(?P<close>/?)(?P<name>item|entry)(?=[\s/>])[^>]*>|(?P<type><!(?:DOCTYPE|ENTITY))"
)
_CLOSED_BY = {"<![CDATA[": "]]>", "<!--": "-->"}
_NOT_YET = -1
_TAIL = 1_000
"""Characters that are kept in any case: the end of the feed is told by them."""
_SPACES = re.compile(r"""xmlns(?::[\w.-]+)?\s*=\s*(?:"[^"<>]*"|'[^'<>]*')""")
_ROOT = re.compile(r"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")
_END = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|RDF)\s*>\s*(?:<!--.*?-->\s*)*\Z", re.DOTALL)
_KNOWN = {name: field for field, names in NAMES.items() for name in names}
_FIRST = {name: rank for names in NAMES.values() for rank, name in enumerate(names)}


class GoogleFeed:
    """The items of a feed. `cut` says so where the file ended before the feed did."""

    def __init__(self, stream: TextIO) -> None:
        """Keep the text to be read."""
        self._stream = stream
        self._spaces = ""
        self._begun = False
        self._buffer = ""
        self._start = -1
        self._looked = 0
        self.cut = ""
        self.number = 0

    def items(self) -> Iterator[str | OddItem]:
        """Yield the text of each item; one that is not closed, or too long, comes as odd.

        Raises:
            UnfitFileError: this is no such feed, or it defines a document type.
        """
        while chunk := self._stream.read(CHUNK):
            self._buffer += _UNALLOWED.sub(MARK, chunk)
            yield from self._take_items(_whole(self._buffer))
            if len(self._buffer) > _most():
                yield from self._give_up()
        yield from self._take_items(len(self._buffer), is_last=True)
        if not self._begun:
            self._begin(self._buffer)
        if self._start >= 0:
            yield self._unclosed(self._buffer)
        if not _END.search(self._buffer):
            self.cut = f"The file ends after item {self.number}, but the feed is not closed: it was cut."

    def _take_items(self, end: int, *, is_last: bool = False) -> Iterator[str | OddItem]:
        """Yield what is whole in the buffer up to `end`, and leave there what goes on in the next piece of the file."""
        buffer, looked, done = self._buffer, self._looked, 0
        closings = _Closings(buffer, is_last=is_last)
        while token := _TOKEN.search(buffer, looked, end):
            if token["type"]:
                raise UnfitFileError("The feed defines a document type, which is refused: leave <!DOCTYPE …> out.")
            if not token["name"]:
                looked = closings.behind(token, self._start)
                if looked == _NOT_YET:
                    end = looked = token.start()
                    break
                continue
            looked = done = token.end()
            if not self._begun:
                self._begin(buffer[: token.start()])
            if not token["close"]:
                if self._start >= 0:
                    yield self._unclosed(buffer[self._start : token.start()])
                self._start = token.start()
            elif self._start >= 0:
                self.number += 1
                yield buffer[self._start : done]
                self._start = -1
        keep = self._start if self._start >= 0 else done if self._begun else 0
        self._buffer, self._start, self._looked = buffer[keep:], min(self._start, 0), max(looked, end) - keep

    def _give_up(self) -> Iterator[OddItem]:
        """Drop what is too long for an item, but for its end, where the next one may begin."""
        if not self._begun:
            self._begin(self._buffer)
        if self._start >= 0:
            yield self._unclosed(self._buffer)
        drop = max(min(self._looked, len(self._buffer) - _TAIL), 0)
        self._buffer, self._start, self._looked = self._buffer[drop:], -1, self._looked - drop

    def texts(self, item: str) -> tuple[dict[str, str], list[str]]:
        """Return the texts of an item by the names of `columns.NAMES`, and its groups of shipping as in tables.

        Raises:
            ParseError: it is not well formed.
        """
        try:
            (found,) = fromstring(f"<r {self._spaces}>{item}</r>", forbid_dtd=True)
        except DefusedXmlException as error:
            raise ParseError(str(error)) from error
        return _texts(found)

    def _begin(self, head: str) -> None:
        root = _ROOT.search(head)
        name = root[1] if root else ""
        if name not in ROOTS:
            raise UnfitFileError(f"The file begins with <{name}>, not with <rss> or <feed>: it is no product feed.")
        self._spaces = " ".join({one.partition("=")[0].strip(): one for one in _SPACES.findall(head)}.values())
        self._begun = True

    def _unclosed(self, text: str) -> OddItem:
        self.number += 1
        return odd(named_in_item(text), "not_xml", "The item is not closed, or longer than a million characters.", text)


class _Closings:
    """Where comments and CDATA of a buffer end; no part of it is searched twice for the same."""

    def __init__(self, buffer: str, *, is_last: bool) -> None:
        self._buffer, self._is_last = buffer, is_last
        self._next: dict[str, int] = {}

    def behind(self, opening: re.Match[str], item: int) -> int:
        """Return where what is opened ends, or _NOT_YET where that may come with the next piece of the file.

        What is never closed, or not within the longest item, opens nothing, so that it spoils the item alone in which
        it stands; and so does a comment in an item that holds another's beginning.
        """
        closing, begins = _CLOSED_BY[opening[0]], opening.end()
        found = self._find(closing, begins)
        if found < 0:
            since = item if item >= 0 else opening.start()
            return begins if self._is_last or len(self._buffer) - since > _most() else _NOT_YET
        is_nested = closing == "-->" and item >= 0 and self._buffer.find("<!--", begins, found) >= 0
        return begins if is_nested else found + len(closing)

    def _find(self, closing: str, start: int) -> int:
        if 0 <= self._next.get(closing, 0) < start:
            self._next[closing] = self._buffer.find(closing, start)
        return self._next[closing]


def _most() -> int:
    return LONGEST_ITEM + CHUNK


def _whole(buffer: str) -> int:
    """Return up to where a buffer holds no tag that ends in the next piece of the file; none is as long as an item."""
    begun = buffer.find("<", buffer.rfind(">") + 1)
    return begun if begun >= 0 and len(buffer) - begun <= LONGEST_ITEM else len(buffer)


def _texts(item: Element) -> tuple[dict[str, str], list[str]]:
    """Return an item's texts; of several names of one field the best that has a text, of one name the first.

    Google's own come before those of RSS and Atom, where both are there.
    """
    found: dict[str, tuple[tuple[int, bool], str]] = {}
    shipping: list[str] = []
    for child in item:
        space, _, name = child.tag.rpartition("}")
        if name == "shipping":
            shipping += _shipping(child, found)
            continue
        text = (child.text or "").strip() or child.get("href", "").strip()
        field = _KNOWN.get({"summary": "description", "content": "description"}.get(name, name))
        if field and text:
            rank = (_FIRST.get(name, 9), "base.google.com" not in space)
            if field not in found or rank < found[field][0]:
                found[field] = (rank, text)
    return {field: text for field, (_, text) in found.items()}, shipping


def _shipping(group: Element, found: dict[str, tuple[tuple[int, bool], str]]) -> list[str]:
    """Return a group as it stands in tables, or a text's groups; note its days where nothing else has stated them."""
    parts = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in group}
    if not parts:
        return shipping_groups(group.text or "")
    for name, text in parts.items():
        if text and (field := _KNOWN.get(name, "")).startswith(("handling", "transit")):
            found.setdefault(field, ((1, False), text))
    return [":".join(parts.get(name, "") for name in ("country", "region", "service", "price"))]
