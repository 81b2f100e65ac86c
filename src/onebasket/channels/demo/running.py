"""The demo from start to stop: load what is missing, start the processes, say where everything is, stop everything."""

import os
import signal
import socket
import sys
import threading
import time
from contextlib import nullcontext
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import msgspec
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from rich.console import Console
from rich.live import Live

from onebasket.base.asked import stop_when_asked
from onebasket.channels.demo.children import Child, Children
from onebasket.channels.demo.installing import ASSOCIATES, LOADER, RELAY, SHOP, Keys, install_keys, source_of
from onebasket.channels.demo.keeping import DemoError, demo_folder, only_one, read_kept, write_kept
from onebasket.channels.demo.partnering import PARTNERS, agree, command_of, introduce_us, port_of
from onebasket.channels.demo.preparing import Prepared, Wish, check_wish, prepare
from onebasket.channels.demo.process import Task
from onebasket.channels.demo.replay import STATE_FILE as REPLAY_FILE
from onebasket.channels.demo.replay import Relay
from onebasket.channels.demo.shoppers import TALLY_FILE, Tally
from onebasket.channels.demo.telling import figures, introduce, longest, say

HOST = "127.0.0.1"
READY_SECONDS = 60
EXIT_INTERRUPTED = 130
"""What shells give for an end by SIGINT."""
KEYS_FILE = "keys.json"


class Start(msgspec.Struct, frozen=True):
    """What `onebasket demo` was asked to do; `program` is onebasket's own command line, `seconds` 0 is for ever."""

    wish: Wish
    program: tuple[str, ...]
    port: int
    speed: float
    fresh: bool
    seconds: float


def run_demo(start: Start) -> int:
    """Run the demo until it is stopped; return the exit code.

    Raises:
        DemoError: it cannot start; the message says what to do.
    """
    began = time.monotonic()
    console = Console(highlight=False)
    check_wish(start.wish)
    check_port(start.port)
    for partner in PARTNERS:
        check_port(port_of(partner, start.port))
    folder = demo_folder(settings.ONEBASKET_HOME)
    with only_one(folder):
        try:
            prepared, keys = _prepared(start, folder, console)
        except KeyboardInterrupt:
            console.print("Stopped while loading. The next start goes on from here.")
            return EXIT_INTERRUPTED
        children, stop = Children(folder), stop_when_asked()
        try:
            _launch(start, prepared, keys, (folder, children, stop))
            shops = [(one.name, f"http://{HOST}:{port_of(one, start.port)}") for one in PARTNERS]
            introduce(console, f"http://{HOST}:{start.port}", prepared, keys, partners=shops)
            say(console, f"Ready after {time.monotonic() - began:.0f} s.{longest(prepared)}\n")
            return _watch(console, folder, children, stop, start.seconds)
        except Interrupted:
            return 0
        finally:
            _stop(console, children)


class Interrupted(Exception):  # noqa: N818 - a request, not an error
    """The demo was asked to stop before it was ready."""


def check_port(port: int) -> None:
    """Refuse a port that something else serves.

    Raises:
        DemoError: names the port and what to do.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise DemoError(
                f"Port {port} cannot be used: {error.strerror}. Choose another with --port; "
                "if a demo runs already, stop it with Ctrl-C in its window."
            ) from error


def free_port() -> int:
    """Return a port on which nobody listens just now: the simulated card provider's, which no person visits."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _prepared(start: Start, folder: Path, console: Console) -> tuple[Prepared, Keys]:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if start.fresh:
        _delete(folder)
    call_command("migrate", interactive=False, verbosity=0)
    prepared = prepare(folder, start.wish, console=console)
    keys = install_keys(folder / KEYS_FILE, store=prepared.busiest)
    relay = read_kept(folder / REPLAY_FILE, Relay)
    if relay is None or relay.installation != prepared.installation:
        # Where the file is lost, keys of their own keep what is sent apart from what was sent before.
        rounds = 1 if prepared.loaded_now else int(time.time())
        write_kept(folder / REPLAY_FILE, Relay(prepared.installation, prepared.day.opens_at, rounds=rounds))
    connections.close_all()
    return prepared, keys


def _delete(folder: Path) -> None:
    if connection.vendor != "sqlite":
        raise DemoError("--fresh deletes the SQLite file of the demo only. Empty the PostgreSQL database yourself.")
    database = Path(str(connection.settings_dict["NAME"]))
    connections.close_all()
    for path in [*(database.with_name(database.name + end) for end in ("", "-wal", "-shm")), *folder.iterdir()]:
        if path.name != "lock":
            path.unlink(missing_ok=True)


def _launch(start: Start, prepared: Prepared, keys: Keys, world: tuple[Path, Children, threading.Event]) -> None:
    folder, children, stop = world
    cards = free_port()
    children.start("provider", [*start.program, "provider", "--port", str(cards)])
    os.environ["ONEBASKET_CARD_URL"] = f"http://{HOST}:{cards}"
    os.environ.setdefault("ONEBASKET_ADDRESS", f"http://{HOST}:{start.port}")
    _launch_partners(start, prepared, folder, (children, stop))
    hub = children.start("hub", [*start.program, "hub", "--port", str(start.port), "--no-migrate"])
    if connection.vendor != "sqlite":
        children.start("worker", [*start.program, "worker"])
    _await_ready(start.port, hub, stop, "/readyz")
    for name, token in (("replay", keys.tokens[RELAY]), ("shoppers", keys.tokens[SHOP])):
        task = Task(
            port=start.port, token=token, folder=str(folder), stores=prepared.day.stores, speed=start.speed,
            associates_token=keys.tokens[ASSOCIATES] if name == "shoppers" else "",
        )  # fmt: skip
        path = folder / f"task-{name}.json"
        write_kept(path, task)
        children.start(name, [sys.executable, "-m", f"onebasket.channels.demo.{name}", str(path)])


def _launch_partners(start: Start, prepared: Prepared, folder: Path, world: tuple[Children, threading.Event]) -> None:
    """Start the partners' sandboxes, agree with them, and let each know us; nobody serves yet, so we may write."""
    children, stop = world
    begun = [(one, children.start(one.code, command_of(one, start.program, folder, start.port))) for one in PARTNERS]
    agree(source_id=source_of(LOADER), hub_port=start.port, since=prepared.day.opens_at - timedelta(days=30))
    for partner, child in begun:
        _await_ready(port_of(partner, start.port), child, stop, "/")
        introduce_us(folder, partner, start.port)
    connections.close_all()


def _await_ready(port: int, child: Child, stop: threading.Event, path: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while not _is_ready(port, path):
        if child.process.poll() is not None:
            raise DemoError(f"The {child.name} ended before it was ready:\n{child.last_words()}")
        if time.monotonic() > until:
            raise DemoError(f"The {child.name} was not ready within {READY_SECONDS} s. Its log: {child.log}")
        if stop.wait(0.1):
            raise Interrupted


def _is_ready(port: int, path: str) -> bool:
    line = HTTPConnection(HOST, port, timeout=5)
    try:
        line.request("GET", path)
        return line.getresponse().status == 200  # noqa: PLR2004 - OK
    except (OSError, HTTPException):
        return False
    finally:
        line.close()


def _watch(console: Console, folder: Path, children: Children, stop: threading.Event, seconds: float) -> int:
    until = time.monotonic() + seconds if seconds else None
    with Live(console=console, refresh_per_second=2, transient=True) if console.is_terminal else nullcontext() as live:
        while not stop.wait(0.5):
            if until is not None and time.monotonic() >= until:
                return 0
            if ended := children.ended():
                console.print(
                    f"[red]The {ended.name} ended by itself (exit {ended.process.returncode}).[/] It said last:"
                )
                console.print(ended.last_words() or "(nothing)", markup=False)
                return 1
            if live is not None:
                live.update(figures(read_kept(folder / REPLAY_FILE, Relay), read_kept(folder / TALLY_FILE, Tally)))
    return 0


def _stop(console: Console, children: Children) -> None:
    console.print("Stopping …")
    if killed := children.stop():
        console.print(f"[red]Had to be killed: {', '.join(killed)}.[/]")
    console.print("Stopped.")
