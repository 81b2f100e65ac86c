"""What must hold before a hub starts: the port is free, the file has no other hub, certificate and key can be used."""

import socket
import ssl
import time
from pathlib import Path

from onebasket.base.presence import hub_is_serving

PATIENCE_SECONDS = 5.0
"""Whoever looks for a hub seems to be one for a moment, and the committer of a killed hub ends a moment after it."""


class CannotStartError(Exception):
    """Something is in a hub's way; the message says what, and what to do."""


def require_port(host: str, port: int) -> None:
    """Refuse an address that another listens at: granian would share it, and each have some of the requests."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CannotStartError(
            f"The hub cannot listen at {host}, port {port}: {error.strerror}. Stop what listens there, or choose "
            "another with --host and --port."
        ) from error


def require_file_without_hub(*, patience: float = PATIENCE_SECONDS) -> None:
    """Refuse a SQLite file that another hub serves: it has one writer."""
    until = time.monotonic() + patience
    while hub_is_serving():
        if time.monotonic() > until:
            raise CannotStartError(
                "Another hub serves this SQLite file, which has one hub. Stop that one, or use PostgreSQL for several."
            )
        time.sleep(0.1)


def require_certificate(certificate: Path, key: Path) -> None:
    """Refuse what is no certificate with its private key."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: "")
    except OSError as error:
        raise CannotStartError(
            f"{certificate} and {key} cannot be used. Name a certificate and its private key, both PEM, "
            "the key without a password."
        ) from error
