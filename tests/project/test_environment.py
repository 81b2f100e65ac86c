from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from onebasket.project.settings.environment import (
    InvalidEnvironmentError,
    Mode,
    installation_key,
    production_weaknesses,
    read_environment,
)

HERE = Path("/here")
STRONG = "q7Fz2mXr9Lw4Kc8Tb1Nv6Hy3Ps5Dj0Gae-uRiOlMkQxWnBdYtZ"
SOUND = {"ONEBASKET_SECRET_KEY": STRONG, "ONEBASKET_ALLOWED_HOSTS": "shop.example"}


def test_production_is_the_default_and_sqlite_under_home() -> None:
    environment = read_environment({}, directory=HERE)
    assert environment.mode is Mode.PRODUCTION
    assert environment.home == Path("/here/var")
    assert environment.database_url == "sqlite:////here/var/onebasket.sqlite3"
    assert not environment.debug
    assert environment.log_format == "json"


def test_everything_can_be_stated() -> None:
    environment = read_environment(
        {
            "ONEBASKET_ENV": "demo",
            "ONEBASKET_HOME": "/data",
            "ONEBASKET_SECRET_KEY": STRONG,
            "ONEBASKET_ALLOWED_HOSTS": "a.example, b.example ,",
            "ONEBASKET_DEBUG": "Yes",
            "ONEBASKET_DATABASE_POOL": "5",
            "ONEBASKET_TRUST_PROXY": "1",
            "ONEBASKET_HSTS_SECONDS": "0",
            "ONEBASKET_LOG_LEVEL": "DEBUG",
            "ONEBASKET_LOG_FORMAT": "json",
            "DATABASE_URL": "postgresql:///shop",
        },
        directory=HERE,
    )
    assert environment.mode is Mode.DEMO
    assert environment.home == Path("/data")
    assert environment.allowed_hosts == ("a.example", "b.example")
    assert (environment.debug, environment.trust_proxy) == (True, True)
    assert (environment.database_pool, environment.hsts_seconds) == (5, 0)
    assert (environment.log_level, environment.log_format) == ("DEBUG", "json")
    assert environment.database_url == "postgresql:///shop"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ONEBASKET_ENV", "prod"),
        ("ONEBASKET_DEBUG", "maybe"),
        ("ONEBASKET_DATABASE_POOL", "1"),
        ("ONEBASKET_DATABASE_POOL", "-3"),
        ("ONEBASKET_DATABASE_POOL", "²"),
        ("ONEBASKET_HSTS_SECONDS", "1.5"),
        ("ONEBASKET_LOG_LEVEL", "LOUD"),
        ("ONEBASKET_LOG_FORMAT", "xml"),
        ("ONEBASKET_CARD_URL", "cards.example"),
        ("ONEBASKET_CARD_URL", "ftp://cards.example"),
        ("ONEBASKET_CARD_URL", "https://"),
        ("ONEBASKET_CARD_URL", "https://user:secret@cards.example"),
        ("ONEBASKET_CARD_URL", "https://cards.example/?a=b"),
        ("ONEBASKET_CARD_URL", "https://cards.example:port"),
        ("ONEBASKET_CARD_URL", "https://[cards"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidEnvironmentError, match=name):
        read_environment({name: value}, directory=HERE)


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        ({}, []),
        ({"ONEBASKET_SECRET_KEY": ""}, ["ONEBASKET_SECRET_KEY is not set"]),
        ({"ONEBASKET_SECRET_KEY": STRONG[:49]}, ["ONEBASKET_SECRET_KEY is weak"]),
        ({"ONEBASKET_SECRET_KEY": STRONG[:50]}, []),
        ({"ONEBASKET_SECRET_KEY": "ab" * 40}, ["ONEBASKET_SECRET_KEY is weak"]),
        ({"ONEBASKET_ALLOWED_HOSTS": " , "}, ["ONEBASKET_ALLOWED_HOSTS is not set"]),
        ({"ONEBASKET_ALLOWED_HOSTS": "shop.example,*"}, ["ONEBASKET_ALLOWED_HOSTS holds `*`"]),
        ({"ONEBASKET_ALLOWED_HOSTS": ".shop.example"}, []),
        ({"ONEBASKET_DEBUG": "1"}, ["ONEBASKET_DEBUG is on"]),
        ({"ONEBASKET_CARD_URL": "https://cards.example", "ONEBASKET_CARD_SECRET": STRONG}, []),
        ({"ONEBASKET_CARD_URL": "http://127.0.0.1:8070", "ONEBASKET_CARD_SECRET": STRONG}, []),
        (
            {"ONEBASKET_CARD_URL": "http://cards.example", "ONEBASKET_CARD_SECRET": "short"},
            ["ONEBASKET_CARD_SECRET is missing or short", "ONEBASKET_CARD_URL is not https"],
        ),
        ({"ONEBASKET_CARD_SECRET": ""}, []),
        (
            {"ONEBASKET_SECRET_KEY": "", "ONEBASKET_DEBUG": "1", "ONEBASKET_ALLOWED_HOSTS": "*"},
            ["ONEBASKET_SECRET_KEY is not set", "ONEBASKET_DEBUG is on", "ONEBASKET_ALLOWED_HOSTS holds `*`"],
        ),
    ],
)
def test_weaknesses_are_all_named(stated: dict[str, str], found: list[str]) -> None:
    weaknesses = production_weaknesses(read_environment(SOUND | stated, directory=HERE))
    assert [weakness.split(":")[0] for weakness in weaknesses] == found


def test_no_weakness_repeats_the_key() -> None:
    weaknesses = production_weaknesses(read_environment(SOUND | {"ONEBASKET_SECRET_KEY": "hunter2"}, directory=HERE))
    assert "hunter2" not in " ".join(weaknesses)


def test_an_installation_keeps_its_key_to_itself(tmp_path: Path) -> None:
    home = tmp_path / "home"
    key = installation_key(home)
    assert len(key) >= 50
    assert installation_key(home) == key
    assert (home / "secret-key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir()] == ["secret-key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: installation_key(tmp_path / "home"), range(64)))
    assert len(keys) == 1
