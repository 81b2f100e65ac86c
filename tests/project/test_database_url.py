from pathlib import Path

import pytest

from onebasket.project.settings.databases import (
    InvalidDatabaseUrlError,
    PostgresAddress,
    SqliteAddress,
    database_settings,
    parse_database_url,
)

HERE = Path("/here")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("sqlite:///shop.sqlite3", SqliteAddress(Path("/here/shop.sqlite3"))),
        ("sqlite:////data/shop.sqlite3", SqliteAddress(Path("/data/shop.sqlite3"))),
        ("sqlite:///a%20b/shop.db", SqliteAddress(Path("/here/a b/shop.db"))),
        ("postgres://db.example/shop", PostgresAddress("shop", host="db.example")),
        (
            "postgresql://ann:s3cret@db.example:6543/shop",
            PostgresAddress("shop", "ann", "s3cret", "db.example", 6543),
        ),
        (
            "postgresql://ann:p%40ss%2Fw%3Ard@[::1]:5432/shop",
            PostgresAddress("shop", "ann", "p@ss/w:rd", "::1", 5432),
        ),
        ("postgresql:///shop", PostgresAddress("shop")),
        ("postgresql:///shop?host=/run/postgres", PostgresAddress("shop", host="/run/postgres")),
        (
            "postgresql://postgres@/shop?host=%2Frun%2Fpg&port=6000",
            PostgresAddress("shop", "postgres", "", "/run/pg", 6000),
        ),
        ("postgresql:///shop?user=ann&password=pw", PostgresAddress("shop", "ann", "pw")),
        (
            "postgresql://db.example/shop?sslmode=verify-full&connect_timeout=5",
            PostgresAddress("shop", host="db.example", options=(("connect_timeout", "5"), ("sslmode", "verify-full"))),
        ),
        ("  postgresql://db.example/shop\n", PostgresAddress("shop", host="db.example")),
    ],
)
def test_parses(url: str, address: SqliteAddress | PostgresAddress) -> None:
    assert parse_database_url(url, directory=HERE) == address


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "begins with ''"),
        ("shop.sqlite3", "begins with ''"),
        ("mysql://db.example/shop", "begins with 'mysql'"),
        ("sqlite://shop.sqlite3", "three slashes"),
        ("sqlite:///", "must name a file"),
        ("sqlite:///:memory:", "memory cannot be"),
        ("postgresql://db.example", "must name one database"),
        ("postgresql://db.example/", "must name one database"),
        ("postgresql://db.example/shop/extra", "must name one database"),
        ("postgresql://db.example:port/shop", "port or host"),
        ("postgresql://db.example:99999/shop", "port or host"),
        ("postgresql:///shop?port=x", "port that is not a number"),
        ("postgresql:///shop?options=-c%20fsync%3Doff", "may not state options"),
        ("postgresql:///shop?pool=1&application_name=me", "may not state application_name, pool"),
    ],
)
def test_refuses(url: str, says: str) -> None:
    with pytest.raises(InvalidDatabaseUrlError, match=says):
        parse_database_url(url, directory=HERE)


@pytest.mark.parametrize(
    "url", ["mysql://ann:s3cret@h/shop", "postgresql://ann:s3cret@h:x/shop", "postgresql://ann:s3cret@h/"]
)
def test_never_repeats_a_password(url: str) -> None:
    with pytest.raises(InvalidDatabaseUrlError) as caught:
        parse_database_url(url, directory=HERE)
    assert "s3cret" not in str(caught.value)


def test_an_address_shows_no_password() -> None:
    assert "s3cret" not in repr(parse_database_url("postgresql://ann:s3cret@h/shop", directory=HERE))


def test_sqlite_takes_its_lock_at_the_start_and_survives_a_power_cut() -> None:
    options = database_settings(SqliteAddress(Path("/data/shop.sqlite3")), pool=16)["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["init_command"].split("; ") == [
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "PRAGMA foreign_keys=ON",
        "PRAGMA temp_store=MEMORY",
    ]


def test_postgres_is_told_its_pool_and_session() -> None:
    stated = database_settings(PostgresAddress("shop", host="h", port=6000, options=(("sslmode", "require"),)), pool=7)
    assert (stated["NAME"], stated["HOST"], stated["PORT"], stated["CONN_MAX_AGE"]) == ("shop", "h", "6000", 0)
    assert stated["OPTIONS"]["pool"] == {"min_size": 2, "max_size": 7, "timeout": 3, "reconnect_timeout": 3}
    assert stated["OPTIONS"]["sslmode"] == "require"
    assert "idle_in_transaction_session_timeout=60000" in stated["OPTIONS"]["options"]
