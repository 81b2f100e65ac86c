"""The load driver of `bench go`: shoppers who follow links, each a ticket of its own, over persistent connections."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from onebasket.project.bench.driver import Load, drive

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Clicking(msgspec.Struct, frozen=True):
    """What to follow: a file of tickets, a line each, over so many connections for so many seconds."""

    port: int
    tickets: str
    connections: int = 16
    seconds: float = 10.0


def clicks(wanted: Clicking) -> Iterator[bytes]:
    """Yield ready requests, as a browser sends them."""
    after = (
        f" HTTP/1.1\r\nHost: 127.0.0.1:{wanted.port}\r\nUser-Agent: {AGENT}\r\n"
        "Accept: text/html,application/xhtml+xml\r\nAccept-Language: en-US,en;q=0.5\r\n"
        "Accept-Encoding: gzip, deflate\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n"
    ).encode()
    with Path(wanted.tickets).open("rb") as file:
        for line in file:
            yield b"GET /go/" + line.rstrip() + after


def main(arguments: list[str]) -> None:
    """Read what is wanted from one file and write the outcome to another."""
    wanted: Any = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Clicking)
    load = Load(wanted.port, "", (), (), connections=wanted.connections, seconds=wanted.seconds, warm_up=0)
    Path(arguments[1]).write_bytes(msgspec.json.encode(drive(load, clicks(wanted))))


if __name__ == "__main__":
    main(sys.argv[1:])
