"""What the environment says about this installation, read once and checked."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from os import link
from pathlib import Path
from urllib.parse import urlsplit

from onebasket.commerce.access.rules import ROLE_RIGHTS

SHORTEST_SECRET_KEY = 50
"""Characters; Django's own deployment check asks for the same."""

SHORTEST_CARD_SECRET = 32
TRIAL_CARD_SECRET = "simulated-provider"  # noqa: S105 - of the simulated provider outside production

TEST_SECRET_KEY = "test-key-" + "0123456789abcdef" * 4


class Mode(StrEnum):
    """How strict the start is: production refuses weak settings, the others make up what is missing."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
    DEMO = "demo"
    TEST = "test"


class InvalidEnvironmentError(ValueError):
    """An environment variable holds what it cannot mean. The message names the variable and what it may hold."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings of one installation as its environment states them.

    Lifetimes are in seconds; `secret_key` is empty where none was stated.
    """

    mode: Mode
    home: Path
    secret_key: str
    allowed_hosts: tuple[str, ...]
    address: str
    debug: bool
    database_url: str
    database_pool: int
    trust_proxy: bool
    hsts_seconds: int
    log_level: str
    log_format: str
    webhooks_private: bool
    event_days: int
    card_url: str
    card_secret: str
    mail: str
    mail_from: str
    staff_mfa: tuple[str, ...]

    @property
    def is_production(self) -> bool:
        """Whether weak settings are refused."""
        return self.mode is Mode.PRODUCTION


def read_environment(variables: Mapping[str, str], *, directory: Path) -> Environment:
    """Read the variables; paths that are not absolute are taken from `directory`.

    Raises:
        InvalidEnvironmentError: a variable cannot be understood.
    """
    mode = _choice(variables, "ONEBASKET_ENV", tuple(Mode), Mode.PRODUCTION)
    home = directory / variables.get("ONEBASKET_HOME", "var")
    return Environment(
        mode=Mode(mode),
        home=home,
        secret_key=variables.get("ONEBASKET_SECRET_KEY", ""),
        allowed_hosts=_words(variables, "ONEBASKET_ALLOWED_HOSTS"),
        address=_address(variables, "ONEBASKET_ADDRESS") or _own_address(variables, mode),
        debug=_switch(variables, "ONEBASKET_DEBUG", default=False),
        database_url=variables.get("DATABASE_URL", "") or f"sqlite:///{home / 'onebasket.sqlite3'}",
        database_pool=_whole(variables, "ONEBASKET_DATABASE_POOL", default=16, lowest=2),
        trust_proxy=_switch(variables, "ONEBASKET_TRUST_PROXY", default=False),
        hsts_seconds=_whole(variables, "ONEBASKET_HSTS_SECONDS", default=31_536_000, lowest=0),
        log_level=_choice(variables, "ONEBASKET_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
        log_format=_choice(
            variables, "ONEBASKET_LOG_FORMAT", ("json", "text"), "json" if mode == Mode.PRODUCTION else "text"
        ),
        webhooks_private=_switch(variables, "ONEBASKET_WEBHOOKS_PRIVATE", default=mode != Mode.PRODUCTION),
        event_days=_whole(variables, "ONEBASKET_EVENT_DAYS", default=0, lowest=0),
        card_url=_address(variables, "ONEBASKET_CARD_URL"),
        card_secret=variables.get("ONEBASKET_CARD_SECRET", ""),
        mail=variables.get("ONEBASKET_MAIL", "") or ("none:" if mode == Mode.PRODUCTION else "file:"),
        mail_from=variables.get("ONEBASKET_MAIL_FROM", "") or "onebasket@localhost",
        staff_mfa=_several(variables, "ONEBASKET_STAFF_MFA", tuple(ROLE_RIGHTS)),
    )


def production_weaknesses(environment: Environment) -> tuple[str, ...]:
    """Say what a production start would refuse, one sentence each with what to set; empty where all is well."""
    weaknesses = []
    if not environment.secret_key:
        weaknesses.append(
            "ONEBASKET_SECRET_KEY is not set: set it to at least "
            f"{SHORTEST_SECRET_KEY} random characters and keep it secret."
        )
    elif len(environment.secret_key) < SHORTEST_SECRET_KEY or len(set(environment.secret_key)) < 5:  # noqa: PLR2004
        weaknesses.append(f"ONEBASKET_SECRET_KEY is weak: set at least {SHORTEST_SECRET_KEY} random characters.")
    if environment.debug:
        weaknesses.append("ONEBASKET_DEBUG is on: unset it, it shows settings and rows to strangers.")
    if not environment.allowed_hosts:
        weaknesses.append("ONEBASKET_ALLOWED_HOSTS is not set: name the hosts it is reached by, split by commas.")
    elif any(host.startswith("*") for host in environment.allowed_hosts):
        weaknesses.append("ONEBASKET_ALLOWED_HOSTS holds `*`: name the hosts, split by commas.")
    if environment.mail != "none:" and not environment.address:
        weaknesses.append(
            "ONEBASKET_ADDRESS is not set: mails name the address at which shoppers reach you, such as "
            "https://shop.example, and ONEBASKET_ALLOWED_HOSTS names no one host first."
        )
    return (*weaknesses, *_card_weaknesses(environment))


def _card_weaknesses(environment: Environment) -> tuple[str, ...]:
    if not environment.card_url:
        return ()
    weaknesses = []
    if len(environment.card_secret) < SHORTEST_CARD_SECRET:
        weaknesses.append(
            "ONEBASKET_CARD_SECRET is missing or short: set the secret shared with the card provider, at least "
            f"{SHORTEST_CARD_SECRET} characters."
        )
    parts = urlsplit(environment.card_url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        weaknesses.append("ONEBASKET_CARD_URL is not https: only a provider on this machine may be reached without.")
    return tuple(weaknesses)


def installation_key(home: Path) -> str:
    """Return the secret key that this installation made for itself, and make it the first time.

    It lives in `home/secret-key`, readable by its owner alone. Processes that start together agree on one key.
    """
    path = home / "secret-key"
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = home / f"secret-key.{secrets.token_hex(8)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64), encoding="ascii")
        try:
            link(draft, path)  # unlike a rename it never replaces the key of a process that was faster
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def _words(variables: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in variables.get(name, "").split(",") if word.strip())


def _choice(variables: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    stated = variables.get(name, "") or default
    if stated not in choices:
        raise InvalidEnvironmentError(f"{name} may be one of {', '.join(choices)}; it is {stated!r}.")
    return stated


def _several(variables: Mapping[str, str], name: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    stated = _words(variables, name)
    if strange := [word for word in stated if word not in choices]:
        raise InvalidEnvironmentError(f"{name} may name {', '.join(choices)}, split by commas; it has {strange[0]!r}.")
    return stated


def _switch(variables: Mapping[str, str], name: str, *, default: bool) -> bool:
    stated = variables.get(name, "").lower()
    if stated not in {"", "0", "1", "false", "true", "no", "yes", "off", "on"}:
        raise InvalidEnvironmentError(f"{name} may be 1 or 0; it is {stated!r}.")
    return default if not stated else stated in {"1", "true", "yes", "on"}


def _own_address(variables: Mapping[str, str], mode: str) -> str:
    """Return the address that is most likely ours: of the first host in production, else of a hub on this machine."""
    if mode != Mode.PRODUCTION:
        return "http://localhost:8000"
    host = next(iter(_words(variables, "ONEBASKET_ALLOWED_HOSTS")), "")
    return "" if not host or host[0] in ".*" else f"https://{host}"


def _address(variables: Mapping[str, str], name: str) -> str:
    stated = variables.get(name, "")
    try:
        parts = urlsplit(stated)
        fit = not stated or (parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0)
    except ValueError:
        fit = False
    if not fit or parts.username or parts.query or parts.fragment:
        raise InvalidEnvironmentError(f"{name} may be an address such as https://cards.example; it is {stated!r}.")
    return stated.rstrip("/")


def _whole(variables: Mapping[str, str], name: str, *, default: int, lowest: int) -> int:
    stated = variables.get(name, "")
    if not stated:
        return default
    if not (stated.isascii() and stated.isdigit()) or int(stated) < lowest:
        raise InvalidEnvironmentError(f"{name} may be a whole number from {lowest} on; it is {stated!r}.")
    return int(stated)
