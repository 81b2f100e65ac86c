"""How e-mail leaves: one address in the environment says it all."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from onebasket.project.settings.environment import InvalidEnvironmentError

FORMS: Final = "smtp://user:password@host:587, smtps://user:password@host:465, file:, console: or none:"
NONE: Final = "none:"
"""No mail leaves, so nobody can sign up."""
TIMEOUT_SECONDS: Final = 10
_PORTS = {"smtp": 587, "smtps": 465}


def mail_settings(address: str, *, home: Path, sender: str) -> dict[str, Any]:
    """Return Django's mail settings for ONEBASKET_MAIL.

    `smtp` begins a TLS session with STARTTLS where a password is stated, `smtps` speaks TLS from the first byte.

    Raises:
        InvalidEnvironmentError: the address says nothing that can be meant. The message never repeats it.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise InvalidEnvironmentError(
            f"ONEBASKET_MAIL has a host or port that cannot be read. Forms: {FORMS}"
        ) from error
    settings = {"DEFAULT_FROM_EMAIL": sender, "SERVER_EMAIL": sender, "EMAIL_TIMEOUT": TIMEOUT_SECONDS}
    if parts.scheme in _PORTS and parts.hostname:
        return {**settings, **_smtp(parts, port or _PORTS[parts.scheme])}
    backend = "django.core.mail.backends.{}.EmailBackend"
    if address == "file:":
        folder = str(home / "mail")
        return {**settings, "EMAIL_BACKEND": "onebasket.base.letters.files.EmailBackend", "EMAIL_FILE_PATH": folder}
    if address == "console:":
        return {**settings, "EMAIL_BACKEND": backend.format("console")}
    if address == NONE:
        return {**settings, "EMAIL_BACKEND": backend.format("dummy")}
    raise InvalidEnvironmentError(f"ONEBASKET_MAIL is none of these forms: {FORMS}.")


def _smtp(parts: SplitResult, port: int) -> dict[str, Any]:
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": user,
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and bool(password),
    }
