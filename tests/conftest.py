"""Fixtures for every test."""

import fcntl
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]
from xdist.remote import Producer

from tests.emptying import Emptying
from tests.forking import run
from tests.purity import is_once, is_pure, no_database
from tests.scheduling import Scheduling
from tests.standing import Standing, standing_ground

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile(
    "onebasket",
    deadline=None,  # two shared cores: time says nothing about correctness
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("onebasket")


@pytest.fixture(scope="module")
def standing(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Standing]:
    """Call it with what makes rows that are to stand for all tests of the module.

    Only for modules whose tests do not commit. Make them in an automatic fixture, so that a test finds the rows whether
    or not another one ran before.
    """
    with standing_ground(django_db_blocker.unblock) as stand:
        yield stand


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what one run is enough for, where the run on the other database has it: ONEBASKET_TEST_PURE=no."""
    if os.environ.get("ONEBASKET_TEST_PURE") == "no":
        config.hook.pytest_deselected(items=[item for item in items if is_once(item)])
        items[:] = [item for item in items if not is_once(item)]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Keep together on one worker what shares costly processes."""
    return Scheduling(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Keep every database from a test that has to do without."""
    with no_database() if is_pure(item) else nullcontext():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Keep every database from a test that has to do without."""
    with no_database() if is_pure(item) else nullcontext():
        yield


@pytest.fixture(scope="session", autouse=True)
def static_files_are_found_once() -> Iterator[None]:
    """Each of Django's test clients has a handler of its own, which would look through all folders of static files."""
    find, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def find_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            find(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", find_once)
        yield


@dataclass
class SpareDatabases:
    """Copies of one migrated database, each made in moments: for the worker's tests, and for processes they start."""

    folder: Path
    on_postgres: bool
    server: str
    worker: str
    made: list[str] = field(default_factory=list)

    @property
    def template(self) -> str:
        """The name of the migrated database, or the path of its file."""
        name = "onebasket_template"
        return name if self.on_postgres else str(self.folder / f"{name}.sqlite3")

    def url(self, name: str) -> str:
        """Return DATABASE_URL for the database."""
        if not self.on_postgres:
            return f"sqlite:///{name}"
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{name}"))

    def migrate(self, migrate: Callable[[str], object]) -> None:
        """Have the database migrated that is copied: once in a run, by whichever worker comes first."""
        done = self.folder / "migrated"
        with (self.folder / "migrating").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if done.exists():
                return
            if self.on_postgres:
                self._tell(f'CREATE DATABASE "{self.template}"')
            migrate(self.url(self.template))
            if not self.on_postgres:  # everything into the one file that is copied
                with closing(sqlite3.connect(self.template)) as session:
                    session.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            done.touch()

    def copy(self) -> str:
        """Make a migrated database and return its DATABASE_URL."""
        name = f"onebasket_spare_{self.worker}_{len(self.made)}"
        if not self.on_postgres:
            name = str(self.folder / f"{name}.sqlite3")
        self.copy_to(name)
        self.made.append(name)
        return self.url(name)

    def copy_to(self, name: str) -> None:
        """Make a migrated database of this name, or at this path."""
        if self.on_postgres:
            self._tell(f'CREATE DATABASE "{name}" TEMPLATE "{self.template}"')
        else:
            shutil.copyfile(self.template, name)

    def _tell(self, statement: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as session:
            session.execute(statement.encode())


@pytest.fixture(scope="session")
def program() -> Callable[..., str]:
    """Run `onebasket` with arguments and variables to its end and return what it said; fails where it failed."""

    settings = {"DJANGO_SETTINGS_MODULE": "onebasket.project.settings"}
    return lambda *told, **variables: run("onebasket.project", *told, env=os.environ | settings | variables)


@pytest.fixture(scope="session")
def spare_databases(program: Callable[..., str]) -> SpareDatabases:
    """Databases that are not the test's own: for servers and workers that a test starts as processes."""
    spare = SpareDatabases(
        folder=Path(os.environ["ONEBASKET_TEST_FOLDER"]),
        on_postgres=connection.vendor == "postgresql",
        server=os.environ["DATABASE_URL"],
        worker=os.environ.get("PYTEST_XDIST_WORKER", "main"),
    )
    spare.migrate(lambda url: program("migrate", DATABASE_URL=url))
    return spare


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The worker's database is there already, and nobody has to drop it: it goes with the run's folder."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, spare_databases: SpareDatabases
) -> None:
    """Give the worker a database of its own."""
    spare_databases.copy_to(str(connection.settings_dict["TEST"]["NAME"]))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The worker's database as pytest-django takes it up: emptied after a test that commits."""
    with django_db_blocker.unblock():
        emptying = Emptying.of_new_database()
        connection.close()
        if connection.vendor == "postgresql":
            connection.close_pool()  # type: ignore[attr-defined] # the stubs lack it
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: emptying.empty())
        yield


@pytest.fixture
def spare_database_url(spare_databases: SpareDatabases) -> str:
    """DATABASE_URL of a migrated, empty database for processes that the test starts."""
    return spare_databases.copy()


@pytest.fixture(scope="session")
def command() -> tuple[str, ...]:
    """The `onebasket` command line, as a process is started with it."""
    return (sys.executable, "-c", "from onebasket.project.command import main; main()")
