"""What the demo keeps in its folder: written whole or not at all, readable by its owner alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

Kept = TypeVar("Kept")


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


def demo_folder(home: Path) -> Path:
    """Return the demo's folder in an installation's, and make it the first time.

    Raises:
        DemoError: it cannot be written.
    """
    folder = home / "demo"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f"probe-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise DemoError(f"The folder {folder} cannot be written: {error.strerror}. Choose one with --home.") from error
    return folder


def write_kept(path: Path, content: object) -> None:
    """Write a value as JSON (or MessagePack, by the extension): a reader sees the old whole or the new whole."""
    encoded = msgspec.msgpack.encode(content) if path.suffix == ".msgpack" else msgspec.json.encode(content)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(encoded)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_kept(path: Path, shape: type[Kept]) -> Kept | None:
    """Read what `write_kept` wrote; None where there is nothing, or nothing of this shape."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        if path.suffix == ".msgpack":
            return msgspec.msgpack.decode(raw, type=shape)
        return msgspec.json.decode(raw, type=shape)
    except msgspec.DecodeError:
        return None


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder for this process: two hubs on one SQLite file would each own the hot path.

    Raises:
        DemoError: another demo holds it.
    """
    with (folder / "lock").open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoError(
                f"Another demo runs in {folder.parent}. Stop it, or choose another folder with --home."
            ) from error
        yield
