"""Which kind of receipt file this is, by its extension, else by how it begins."""

from pathlib import PurePath
from typing import Literal

Format = Literal["jsonlines", "csv", "poslog"]
HEAD = 512
_EXTENSIONS: dict[str, Format] = {
    ".jsonl": "jsonlines",
    ".ndjson": "jsonlines",
    ".csv": "csv",
    ".tsv": "csv",
    ".xml": "poslog",
    ".poslog": "poslog",
}


def sniff(name: str, head: bytes) -> Format:
    """Tell the format from the file's name, else from its first bytes (`HEAD` are enough)."""
    known = _EXTENSIONS.get(PurePath(name).suffix.lower())
    if known:
        return known
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"<":
        return "poslog"
    return "jsonlines" if start in {b"{", b"["} else "csv"
