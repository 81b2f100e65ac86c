"""Clicks that could not be written down in time: kept in a file, safe against a kill, and booked when that is possible.

A click is in the file and the file on the disk before the shopper is sent on. Every process has a file of its own,
locked while it is written; whatever file nobody has locked is booked by whoever finds it, also those of processes that
were killed. Booking twice does no harm: a ticket is one referral, however often it comes.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from onebasket.commerce.partners.rules.referrals import FollowLink
from onebasket.kernel.identity import new_id

AT_ONCE = 200
"""Clicks that are booked together."""
UNREAD = ".unread"
"""Lines that are no clicks are kept beside the file, for people."""
_SUFFIX = ".clicks"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(FollowLink).decode
logger = logging.getLogger(__name__)
Book = Callable[[Sequence[FollowLink]], object]


class Spool:
    """The clicks of one process that wait, and those that others have left; safe for threads."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder; it is made with the first click."""
        self._folder = folder
        self._writing, self._syncing = threading.Lock(), threading.Lock()
        self._file: int | None = None
        self._path: Path | None = None
        self._written = self._synced = 0

    def keep(self, click: FollowLink) -> None:
        """Keep a click; it is on the disk when this returns. Many at once share one wait for the disk.

        Raises:
            OSError: the disk does not take it.
        """
        with self._writing:
            file = self._open()
            _write_whole(file, _encode(click) + b"\n")
            self._written += 1
            mine = self._written
        with self._syncing:
            if self._synced < mine and self._file is not None:
                upto = self._written
                os.fsync(self._file)
                self._synced = upto

    def book(self, book: Book) -> int:
        """Have everything booked that waits here and is nobody's; return how many clicks. What cannot be booked stays.

        Raises whatever `book` raises: what it was given is kept.
        """
        if not self._folder.exists():
            return 0
        self.close()
        return sum(self._book_file(path, book) for path in sorted(self._folder.glob(f"*{_SUFFIX}")))

    def waiting(self) -> int:
        """Return how many files wait to be booked, ours too."""
        return sum(1 for _ in self._folder.glob(f"*{_SUFFIX}")) if self._folder.exists() else 0

    def close(self) -> None:
        """Close our own file, so that it can be booked; the next click begins another."""
        with self._writing, self._syncing:
            if self._file is not None:
                os.fsync(self._file)
                os.close(self._file)
            self._file = self._path = None

    def _open(self) -> int:
        if self._file is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path = self._folder / f"{new_id()}{_SUFFIX}"
            self._file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            _sync_folder(self._folder)
        return self._file

    def _book_file(self, path: Path, book: Book) -> int:
        with _alone(path) as content:
            if content is None:
                return 0
            clicks, unread = _clicks(content)
            for start in range(0, len(clicks), AT_ONCE):
                book(clicks[start : start + AT_ONCE])
            if unread:
                logger.error(
                    "%s: %d lines are no clicks and are kept in %s", path.name, len(unread), path.stem + UNREAD
                )
                path.with_suffix(UNREAD).write_bytes(b"\n".join(unread) + b"\n")
            path.unlink()
            return len(clicks)


@contextmanager
def _alone(path: Path) -> Iterator[bytes | None]:
    """Give the content of a file that nobody else writes or books; None where somebody does, or has done."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have been booked and removed between our opening and our locking it.
        yield path.read_bytes() if path.exists() and path.stat().st_ino == os.fstat(file).st_ino else None
    except BlockingIOError:
        yield None
    finally:
        os.close(file)


def _clicks(content: bytes) -> tuple[list[FollowLink], list[bytes]]:
    """Return the clicks of a file and the lines that are none; of a last line that was cut nobody was told."""
    whole, _, _ = content.rpartition(b"\n")
    clicks, unread = [], []
    for line in whole.split(b"\n") if whole else ():
        try:
            clicks.append(_decode(line))
        except msgspec.MsgspecError:
            unread.append(line)
    return clicks, unread


def _write_whole(file: int, line: bytes) -> None:
    """Append a line, all of it or nothing: a disk that is filling up takes a part, which would spoil the next line.

    Raises:
        OSError: the disk does not take it.
    """
    begins = os.fstat(file).st_size
    left = line
    try:
        while left:
            left = left[os.write(file, left) :]
    except OSError:
        os.ftruncate(file, begins)
        raise


def _sync_folder(folder: Path) -> None:
    """Have the disk know the file's name too."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
