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
from onebasket.commerce.partners.gateways.feed.unfit import UnfitFileError, odd
from onebasket.commerce.partners.rules.port import OddItem

CHUNK = 256 * 1024
LONGEST_ITEM = 1024 * 1024
MARK = "\ufffd"
"""What stands for broken bytes, and for characters that XML does not allow."""
ROOTS = frozenset({"rss", "feed", "RDF"})
_UNALLOWED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TOKEN = re.compile(
    r"<!\[CDATA\[.*?\]\]>|<!--.*?-->|<(?P<close>/?)(?P<name>item|entry)(?=[\s/>])[^>]*>|(?P<type><!(?:DOCTYPE|ENTITY))",
    re.DOTALL,
)
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
            yield from self._take_items()
        if not self._begun:
            self._begin(self._buffer)
        if self._start >= 0:
            yield self._unclosed(self._buffer)
        if not _END.search(self._buffer):
            self.cut = f"The file ends after item {self.number}, but the feed is not closed: it was cut."

    def _take_items(self) -> Iterator[str | OddItem]:
        """Yield what is whole in the buffer, and leave there what goes on in the next piece of the file."""
        buffer, done = self._buffer, self._looked
        for token in _TOKEN.finditer(buffer, done, max(done, _whole(buffer))):
            done = token.end()
            if token["type"]:
                raise UnfitFileError("The feed defines a document type, which is refused: leave <!DOCTYPE …> out.")
            if not token["name"]:
                continue
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
        self._buffer, self._start, self._looked = buffer[keep:], min(self._start, 0), done - keep
        if len(self._buffer) > LONGEST_ITEM + CHUNK:
            if not self._begun:
                self._begin(self._buffer)
            yield self._unclosed(self._buffer)
            self._buffer, self._start, self._looked = "", -1, 0

    def texts(self, item: str) -> dict[str, str]:
        """Return the texts of an item by the names of `columns.NAMES`.

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
        return odd("", "not_xml", "The item is not closed, or longer than a million characters.", text)


def _whole(buffer: str) -> int:
    """Return up to where a buffer holds nothing that begins there and ends in the next piece of the file."""
    end = len(buffer)
    for begins, ends in (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<", ">")):
        last = buffer.rfind(begins)
        if last >= 0 and buffer.find(ends, last) < 0:
            end = min(end, last)
    return end


def _texts(item: Element) -> dict[str, str]:
    """Return an item's texts; of several names of one field the best that has a text, of one name the first.

    Google's own come before those of RSS and Atom, where both are there.
    """
    found: dict[str, tuple[tuple[int, bool], str]] = {}
    shipping: list[str] = []
    for child in item:
        space, _, name = child.tag.rpartition("}")
        if name == "shipping":
            shipping.append(_shipping(child, found))
            continue
        text = (child.text or "").strip() or child.get("href", "").strip()
        field = _KNOWN.get({"summary": "description", "content": "description"}.get(name, name))
        if field and text:
            rank = (_FIRST.get(name, 9), "base.google.com" not in space)
            if field not in found or rank < found[field][0]:
                found[field] = (rank, text)
    texts = {field: text for field, (_, text) in found.items()}
    if shipping:
        texts["shipping"] = ",".join(shipping)
    return texts


def _shipping(group: Element, found: dict[str, tuple[tuple[int, bool], str]]) -> str:
    """Return a group as it stands in tables, and note its days where nothing else has stated them."""
    parts = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in group}
    if not parts:
        return (group.text or "").strip()
    for name, text in parts.items():
        if text and (field := _KNOWN.get(name, "")).startswith(("handling", "transit")):
            found.setdefault(field, ((1, False), text))
    return f"{parts.get('country', '')}:{parts.get('region', '')}:{parts.get('service', '')}:{parts.get('price', '')}"
