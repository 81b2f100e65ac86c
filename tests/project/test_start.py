"""The program started as a process, as a supervisor starts it."""

import os
import subprocess
from pathlib import Path

import pytest
from django.db import DatabaseError, IntegrityError, connection

from onebasket.project.command import trouble_of

STRONG = "q7Fz2mXr9Lw4Kc8Tb1Nv6Hy3Ps5Dj0Gae-uRiOlMkQxWnBdYtZ"


def run(command: tuple[str, ...], *arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("ONEBASKET_", "DATABASE_", "DJANGO"))
    }
    return subprocess.run(
        [*command, *arguments],
        env=kept | {"ONEBASKET_HOME": str(home)} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("subcommand", ["hub", "check", "migrate"])
def test_production_refuses_every_weakness_at_once(command: tuple[str, ...], tmp_path: Path, subcommand: str) -> None:
    done = run(
        command,
        subcommand,
        home=tmp_path / "home",
        ONEBASKET_SECRET_KEY="short",
        ONEBASKET_DEBUG="1",
        ONEBASKET_ALLOWED_HOSTS="*",
    )
    assert done.returncode == 78
    assert [line for line in done.stderr.splitlines() if line.startswith("  - ")] == [
        "  - ONEBASKET_SECRET_KEY is weak: set at least 50 random characters.",
        "  - ONEBASKET_DEBUG is on: unset it, it shows settings and rows to strangers.",
        "  - ONEBASKET_ALLOWED_HOSTS holds `*`: name the hosts, split by commas.",
    ]
    assert not (tmp_path / "home").exists()


def test_a_benchmark_needs_no_settings_and_leaves_nothing(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run(command, "bench", "--help", home=tmp_path / "home", TMPDIR=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_production_refuses_to_make_up_a_key(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run(command, "hub", home=tmp_path)
    assert done.returncode == 78
    assert "ONEBASKET_SECRET_KEY is not set" in done.stderr
    assert "ONEBASKET_ALLOWED_HOSTS is not set" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_bad_database_url_is_told_without_its_password(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run(command, "migrate", home=tmp_path, ONEBASKET_ENV="development", DATABASE_URL="mysql://ann:s3cret@h/shop")
    assert done.returncode == 78
    assert "begins with 'mysql'" in done.stderr
    assert "s3cret" not in done.stderr + done.stdout


def test_check_says_what_to_set_before_production(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run(command, "check", home=tmp_path, ONEBASKET_ENV="development")
    assert done.returncode == 1
    for said in ("ONEBASKET_SECRET_KEY", "ONEBASKET_ALLOWED_HOSTS", "ONEBASKET_ENV", "onebasket migrate"):
        assert said in done.stdout


def test_a_sound_installation_is_fit_for_production(
    command: tuple[str, ...], tmp_path: Path, spare_database_url: str
) -> None:
    done = run(
        command,
        "check",
        home=tmp_path,
        ONEBASKET_SECRET_KEY=STRONG,
        ONEBASKET_ALLOWED_HOSTS="shop.example",
        DATABASE_URL=spare_database_url,
    )
    assert (done.returncode, done.stdout) == (0, "Fit for production.\n")


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("sqlite:///{home}/new.sqlite3", "The database is not at this version (no such table: access_source)."),
        ("sqlite:///{home}/nowhere/new.sqlite3", "The database cannot be used: unable to open database file."),
        ("sqlite:///{home}/letter", "The database cannot be used: file is not a database."),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(
    command: tuple[str, ...], tmp_path: Path, url: str, line: str
) -> None:
    (tmp_path / "letter").write_text("Dear Sir or Madam, " * 100, encoding="utf-8")
    url = url.format(home=tmp_path)
    done = run(command, "source", "enrol", "till-1", home=tmp_path, ONEBASKET_ENV="development", DATABASE_URL=url)
    (said,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout, said.startswith(line)) == (1, "", True), said
    assert said.endswith(("Run: onebasket migrate", "that the database is there and writable."))


def test_a_server_that_does_not_answer_is_told_without_a_traceback(command: tuple[str, ...], tmp_path: Path) -> None:
    url = "postgresql://ann:s3cret@127.0.0.1:1/shop"
    done = run(command, "audit", home=tmp_path, ONEBASKET_ENV="development", DATABASE_URL=url)
    assert (done.returncode, "Traceback" in done.stderr, "s3cret" in done.stderr) == (1, False, False)
    # The pool of connections says what it tried, in a thread of its own.
    assert sum(line.startswith("The database cannot be used: ") for line in done.stderr.splitlines()) == 1


@pytest.mark.django_db
def test_a_table_that_is_not_there_asks_for_migrate_on_every_database() -> None:
    with pytest.raises(DatabaseError) as caught, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nothing_here")
    assert trouble_of(caught.value).endswith("Run: onebasket migrate")


def test_a_fault_of_our_own_keeps_its_traceback() -> None:
    assert trouble_of(IntegrityError("a unique key twice")) == ""
