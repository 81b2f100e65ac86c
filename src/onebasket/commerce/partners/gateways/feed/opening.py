"""Partners' files as streams of text: unpacked where they are packed, in the encoding that they are in.

Bytes that the encoding does not have become marks inside the text, so that they spoil the row that they stand in alone.
"""

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, NamedTuple

from onebasket.commerce.partners.gateways.feed.unfit import UnfitFileError

HEAD = 256 * 1024
"""Bytes by whose look the encoding is told."""
CUT_ERRORS = (EOFError, zlib.error, gzip.BadGzipFile)
"""What is raised where a packed file ends too early, or is broken from there on."""
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
_WIDE_MARK = re.compile("\ufffd")
_BYTE_MARK = re.compile("[\ud800-\udfff]")
_MOST_ZEROS = 0.3


class Opened(NamedTuple):
    """A file that is open: its bytes as they lie there (for how far it is), its text, and what marks broken bytes."""

    raw: BinaryIO
    text: TextIOWrapper
    encoding: str
    broken: re.Pattern[str]

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self.raw.tell()


@contextmanager
def open_text(path: Path, *, encoding: str = "", newline: str = "") -> Iterator[Opened]:
    r"""Open a file, packed by gzip or not; `newline` "\n" ends lines there alone, else wherever text may end one.

    Raises:
        UnfitFileError: it is empty, packed otherwise, or in an encoding that is not known.
    """
    with path.open("rb") as raw:
        packed = raw.read(len(_ZIP))
        raw.seek(0)
        if packed.startswith(_ZIP):
            raise UnfitFileError(f"{path.name} is a ZIP archive. Unpack it, and load the file that is in it.")
        binary = gzip.GzipFile(fileobj=raw) if packed.startswith(_GZIP) else raw
        head = _head(binary, path)
        named = _known(encoding) if encoding else detect_encoding(head)
        wide = named.replace("_", "-").startswith(("utf-16", "utf-32"))
        errors = "replace" if wide else "surrogateescape"
        with TextIOWrapper(binary, encoding=named, errors=errors, newline=newline) as text:
            yield Opened(raw, text, named, _WIDE_MARK if wide else _BYTE_MARK)


def detect_encoding(head: bytes) -> str:
    """Return the encoding that a file is in, by its mark, its declaration (XML), or what its first bytes look like.

    Western Windows text (cp1252) is what has more bytes that UTF-8 does not allow than letters that it has.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if wide := _wide(head):
        return wide
    if declared := _DECLARED.match(head.lstrip()):
        return _known(declared[1].decode("ascii"))
    text = head.decode("utf-8", "surrogateescape")
    if len(head) == HEAD:
        text = text[:-4]  # the last letter may be cut in two
    broken = len(_BYTE_MARK.findall(text))
    sound = sum(1 for letter in text if letter > "\x7f") - broken if broken else 0
    return "cp1252" if broken > sound else "utf-8"


def _head(binary: BinaryIO | gzip.GzipFile, path: Path) -> bytes:
    head = b""
    try:
        while len(head) < HEAD and (more := binary.read1(HEAD - len(head))):  # type: ignore[union-attr] # buffered
            head += more
    except CUT_ERRORS:
        pass  # what is there is looked at; whoever reads comes to the break again
    if not head.strip(b"\x00 \t\r\n"):
        raise UnfitFileError(f"{path.name} is empty, or broken from its beginning. Get it again.")
    binary.seek(0)
    return head


def _wide(head: bytes) -> str:
    """Tell UTF-16 without a mark by its zeros: every second byte of plain text."""
    sample = head[:4096]
    half = len(sample) / 2
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if sample[start::2].count(0) > half * _MOST_ZEROS > sample[1 - start :: 2].count(0):
            return name
    return ""


def _known(encoding: str) -> str:
    try:
        found = codecs.lookup(encoding)
        "".encode(found.name)
    except LookupError as error:
        raise UnfitFileError(
            f"There is no encoding {encoding!r}. Use utf-8, utf-16 or cp1252, for instance."
        ) from error
    return found.name
