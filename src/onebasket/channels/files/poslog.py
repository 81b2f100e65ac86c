"""ARTS POSLog XML, in the subset of `docs/files.md`: streamed, one Transaction at a time.

No document type, entity or external reference is ever followed (defusedxml); such a file is refused whole.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from onebasket.channels.files.messages import CHUNK, Message, Parsed, Reading, Refusal, Unreadable
from onebasket.channels.files.poslogreceipt import read_transaction, transaction_key

MAX_DEPTH = 64
TRANSACTION = "Transaction"
ROOTS = frozenset({"POSLog", TRANSACTION})
# After these nothing else of the file is trusted; after any other break the next Transaction is.
FINAL = frozenset({"forbidden-xml", "not-poslog", "encoding"})
MAX_RESTARTS = 1_000
_OPENING = re.compile(rb"<(?:[\w.-]+:)?Transaction(?=[\s/>])")
_PARTIAL_TAG = 80
_TAG = re.compile(rb"""<[^"'>]*(?:(?:"[^"]*"|'[^']*')[^"'>]*)*>""")
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")


class _Piece:
    """One Transaction as the parser met it: where it begins, where its end tag begins, and its tree unless dropped."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.last_tag = start
        self.builder: TreeBuilder | None = TreeBuilder()
        self.tree: Element | None = None


class _Target:
    """Takes the parser's events and builds one tree per Transaction, names without their namespaces."""

    def __init__(self, shift: int) -> None:
        self.parser: Any = None
        self.shift = shift
        self.first: int | None = None
        self.open: _Piece | None = None
        self.done: list[_Piece] = []
        self._depth = 0
        self._depth_of_open = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        name = tag.rpartition("}")[2]
        if self._depth == 1 and name not in ROOTS:
            raise Refusal("not-poslog", f"The file begins with <{name}>, not with <POSLog>.")
        if self._depth > MAX_DEPTH:
            raise Refusal("too-deep", f"Elements are nested more than {MAX_DEPTH} deep.")
        if name == TRANSACTION and self.open:
            raise Refusal("not-xml", "A Transaction begins inside another one, which was not closed.")
        if name == TRANSACTION:
            self.open = _Piece(self._position())
            self.first = self.open.start if self.first is None else self.first
            self._depth_of_open = self._depth
        if self.open and self.open.builder:
            local = {key.rpartition("}")[2]: value for key, value in attributes.items()}
            self.open.builder.start(name, local)

    def end(self, tag: str) -> None:
        piece = self.open
        if piece and piece.builder:
            piece.builder.end(tag.rpartition("}")[2])
        if piece and self._depth == self._depth_of_open:
            piece.last_tag = self._position()
            piece.tree = piece.builder.close() if piece.builder else None
            self.done.append(piece)
            self.open = None
        self._depth -= 1

    def data(self, text: str) -> None:
        if self.open and self.open.builder:
            self.open.builder.data(text)

    def _position(self) -> int:
        return int(self.parser.CurrentByteIndex) + self.shift

    def close(self) -> None:
        """Nothing is left to hand out: each Transaction was handed out at its end."""


def read_poslog(stream: BinaryIO, *, reading: Reading) -> Iterator[Message]:
    """Yield each Transaction of a POSLog file as a receipt or as unreadable.

    Where the XML breaks, what stands from the last whole Transaction to the next opening tag of one is unreadable, and
    reading goes on there. A refused file comes whole, in pieces of up to `reading.limit` bytes. What stands outside
    any Transaction in sound XML is no message.
    """
    yield from _Streaming(stream, reading).messages()


class _Streaming:
    """Feeds the parser by chunks and keeps just the bytes that are not accounted for yet."""

    def __init__(self, stream: BinaryIO, reading: Reading) -> None:
        self._stream = stream
        self._reading = reading
        self._held = bytearray()
        self._base = 0
        self._line = 1
        self._head: bytes | None = None
        self._fault: Refusal | None = None
        self._restarts = 0
        self._restarted_at = -1
        self._over = False
        self._target, self._parser = self._begin(b"")

    def messages(self) -> Iterator[Message]:
        while not self._over and (chunk := self._stream.read(CHUNK)):
            self._held += chunk
            if self._fault is None:
                self._fault = self._feed(chunk)
                yield from self._drain()
            yield from self._mend()
            yield from self._bound()
        if not self._over:
            self._fault = self._fault or self._close()
            if self._fault and self._held.strip():
                yield from self._lose(len(self._held), self._fault)

    def _begin(self, head: bytes) -> tuple[_Target, Any]:
        """Start a parser whose input is `head` and then what is held."""
        target = _Target(self._base - len(head))
        parser = DefusedXMLParser(target=target, forbid_dtd=True)
        target.parser = parser.parser
        return target, parser

    def _feed(self, content: bytes) -> Refusal | None:
        if self._base == 0 and self._held.startswith(_WIDE):
            return Refusal("encoding", "The file is UTF-16; save it as UTF-8.")
        try:
            self._parser.feed(content)
        except (ParseError, DefusedXmlException, Refusal, ValueError, LookupError) as error:
            return _refusal(error)
        finally:
            if self._head is None and self._base == 0 and self._target.first is not None:
                self._head = bytes(self._held[: self._target.first])
        return None

    def _close(self) -> Refusal | None:
        if not self._held and self._base == 0:
            return None
        try:
            self._parser.close()
        except (ParseError, DefusedXmlException, Refusal, ValueError, LookupError) as error:
            return _refusal(error)
        return None

    def _mend(self) -> Iterator[Message]:
        """After a break, go on at the next opening tag of a Transaction, as though the file began there."""
        while self._fault:
            if self._fault.reason in FINAL or self._head is None or self._restarts == MAX_RESTARTS:
                self._over = True
                yield from self._give_up(self._fault)
                return
            piece = self._target.open
            at = max(piece.start - self._base + 1, 0) if piece else int(self._restarted_at == self._base)
            found = _OPENING.search(self._held, at)
            if not found:
                return
            yield from self._lose(found.start(), self._fault)
            self._restarts += 1
            self._restarted_at = self._base
            self._target, self._parser = self._begin(self._head)
            self._fault = self._feed(self._head + bytes(self._held))
            yield from self._drain()

    def _drain(self) -> Iterator[Message]:
        """Yield the Transactions that are whole now, and let go of their bytes."""
        done, self._target.done = self._target.done, []
        for piece in done:
            before = self._base
            tag = _TAG.match(self._held, piece.last_tag - before)
            end = tag.end() if tag else len(self._held)
            self._let_go(max(piece.start - self._base, 0))
            raw = bytes(self._held[: max(end + before - self._base, 0)])
            message = self._message(piece.tree, raw)
            self._let_go(len(raw))
            yield message

    def _message(self, tree: Element | None, raw: bytes) -> Message:
        if tree is None:
            return self._too_large(raw)
        try:
            return Parsed(read_transaction(tree, self._reading), raw, self._line, self._base)
        except Refusal as fault:
            return Unreadable(raw, fault.reason, fault.explanation, transaction_key(tree), self._line, self._base)

    def _bound(self) -> Iterator[Message]:
        """Keep memory bounded: pass on pieces of what is over the limit, let go of what is outside any Transaction."""
        if len(self._held) <= self._reading.limit:
            return
        piece = self._target.open
        if self._fault:
            yield from self._lose(len(self._held) - _PARTIAL_TAG, self._fault)
        elif piece is None:
            self._let_go(max(len(self._held) - CHUNK, 0))
        else:
            piece.builder = None
            self._let_go(max(piece.start - self._base, 0))
            yield self._too_large(bytes(self._held))
            self._let_go(len(self._held))

    def _lose(self, count: int, fault: Refusal) -> Iterator[Message]:
        """Yield so many bytes as unreadable, in pieces; blank ones are passed over."""
        while count > 0:
            raw = bytes(self._held[: min(count, self._reading.limit)])
            if raw.strip():
                yield Unreadable(raw, fault.reason, fault.explanation, "", self._line, self._base)
            self._let_go(len(raw))
            count -= len(raw)

    def _too_large(self, raw: bytes) -> Unreadable:
        words = f"The Transaction is longer than {self._reading.limit} bytes; this is a piece of it."
        return Unreadable(raw, "too-large", words, "", self._line, self._base)

    def _let_go(self, count: int) -> None:
        self._line += self._held.count(b"\n", 0, count)
        del self._held[:count]
        self._base += count

    def _give_up(self, fault: Refusal) -> Iterator[Message]:
        """Yield all that is left of the file, in pieces."""
        limit = self._reading.limit
        while self._held:
            while len(self._held) < limit and (more := self._stream.read(CHUNK)):
                self._held += more
            yield from self._lose(min(limit, len(self._held)), fault)
            self._held += self._stream.read(CHUNK)


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, DefusedXmlException):
        return Refusal("forbidden-xml", "The file declares a document type or entities, which a POSLog never needs.")
    if isinstance(error, ParseError):
        # The parser's own line is that of the part it was given, so it is left out.
        return Refusal("not-xml", f"The XML is broken ({str(error).partition(': line')[0]}).")
    return Refusal("encoding", f"The file's encoding cannot be read: {error}.")
