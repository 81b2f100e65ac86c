"""Watched folders: files that have come whole are loaded and moved to done/, or left with a report beside them."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

from onebasket.project.loading.receipts import ReceiptFiles, Tally, UnloadableError

logger = logging.getLogger(__name__)

DONE = "done"
REPORT = ".report.json"
SETTLE_SECONDS = 2.0
"""A file that nobody has changed for so long is taken to be whole; one that is renamed into the folder is at once."""

_UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload", REPORT)


class WatchedFolder:
    """A folder into which receipt files are put. May be killed at any time: a file begun again books nothing twice."""

    def __init__(
        self,
        folder: Path,
        files: ReceiptFiles,
        *,
        stopping: threading.Event | None = None,
        settle: float = SETTLE_SECONDS,
        told: Callable[[Path, Tally], None] | None = None,
    ) -> None:
        if not folder.is_dir():
            raise UnloadableError(f"There is no folder {folder}. Make it, or correct the name.")
        self._folder = folder
        self._files = files
        self._stopping = stopping or threading.Event()
        self._settle = settle
        self._told = told
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}

    def look(self) -> int:
        """Load every file that is whole now, oldest first; return how many were dealt with."""
        dealt = 0
        for path in self._whole():
            if self._stopping.is_set():
                break
            dealt += self._deal_with(path)
        return dealt

    def _whole(self) -> Iterator[Path]:
        now = time.monotonic()
        present: dict[Path, tuple[int, int]] = {}
        for path in self._folder.iterdir():
            if path.name.startswith(".") or path.name.lower().endswith(_UNFINISHED) or not path.is_file():
                continue
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            present[path] = (stat.st_size, stat.st_mtime_ns)
        self._seen = {path: seen for path, seen in self._seen.items() if present.get(path) == seen[0]}
        for path, mark in present.items():
            self._seen.setdefault(path, (mark, now))
        ready = [path for path, (_, since) in self._seen.items() if now - since >= self._settle and not _is_left(path)]
        yield from sorted(ready, key=lambda path: (present[path][1], path.name))

    def _deal_with(self, path: Path) -> bool:
        tally = Tally()
        try:
            if not self._files.load(path, tally, stopped=self._stopping.is_set):
                return False
        except FileNotFoundError:
            return False  # somebody else has dealt with it
        except (UnloadableError, OSError) as error:
            _report(path.with_name(path.name + REPORT), path, tally, problem=str(error))
            logger.warning("%s was left where it is: %s", path.name, error)
            return True
        self._finish(path, tally)
        if self._told:
            self._told(path, tally)
        return True

    def _finish(self, path: Path, tally: Tally) -> None:
        done = self._folder / DONE
        done.mkdir(exist_ok=True)
        target = _free_name(done / path.name)
        if tally.quarantined:
            _report(target.with_name(target.name + REPORT), path, tally)
        try:
            path.replace(target)
        except FileNotFoundError:
            return
        path.with_name(path.name + REPORT).unlink(missing_ok=True)


def _is_left(path: Path) -> bool:
    """Whether the file was found unfit and has not been changed since."""
    report = path.with_name(path.name + REPORT)
    try:
        return report.stat().st_mtime_ns >= path.stat().st_mtime_ns
    except FileNotFoundError:
        return False


def _free_name(target: Path) -> Path:
    number = 1
    found = target
    while found.exists():
        number += 1
        found = target.with_name(f"{target.stem}.{number}{target.suffix}")
    return found


def _report(report: Path, path: Path, tally: Tally, *, problem: str = "") -> None:
    figures = {field.name: getattr(tally, field.name) for field in fields(tally)}
    stated = {"file": path.name, "problem": problem, **figures}
    draft = report.with_name(f".{report.name}.{os.getpid()}")
    draft.write_text(json.dumps(stated, indent=1) + "\n", encoding="utf-8")
    draft.replace(report)
