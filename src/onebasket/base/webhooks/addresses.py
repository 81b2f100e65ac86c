"""Where a webhook may go: no address inside our own network, whatever a name resolves to (CWE-918)."""

import ipaddress
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

LONGEST_URL = 500
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LAST_32_BITS = 0xFFFFFFFF


class UnfitAddressError(Exception):
    """The address may not be sent to; the message says why, for whoever registered it."""


class Target(NamedTuple):
    """An address taken apart: `path` with its query."""

    secure: bool
    host: str
    port: int
    path: str


def parse(url: str, *, private: bool) -> Target:
    """Take a webhook's URL apart; `private` allows http and addresses inside our own network.

    Raises:
        UnfitAddressError: it is no address that webhooks may have.
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise UnfitAddressError(f"A webhook's URL has at most {LONGEST_URL} printable ASCII characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UnfitAddressError("The URL's host or port cannot be read.") from error
    if parts.scheme not in ({"https", "http"} if private else {"https"}):
        raise UnfitAddressError(f"A webhook's URL begins with https://{' or http://' if private else ''}.")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise UnfitAddressError("A webhook's URL names a host, and no user or password.")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not private:
        _refuse_private_literal(parts.hostname)
    return Target(secure, parts.hostname, port or (443 if secure else 80), path)


def resolve(target: Target, *, private: bool) -> list[str]:
    """Return the IP addresses to connect to, asked for now: a name may have moved since it was registered.

    Raises:
        UnfitAddressError: the name is unknown, or stands for an address that is not public.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnfitAddressError(f"The host {target.host} cannot be resolved.") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not private:
        for address in addresses:
            if not _is_public(address):
                raise UnfitAddressError(f"The host {target.host} stands for {address}, which is not a public address.")
    return addresses


def _refuse_private_literal(host: str) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not _is_public(host):
        raise UnfitAddressError(f"{host} is not a public address.")


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & _LAST_32_BITS)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return ip.is_global and not ip.is_multicast
