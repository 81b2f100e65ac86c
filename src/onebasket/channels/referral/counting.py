"""Who counts: shoppers who follow a link, and neither programs nor a browser that looks ahead."""

import re
import secrets
import time
from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

from django.conf import settings
from django.http import HttpRequest

WINDOW_SECONDS = 60
MOST_CLICKS = 60
"""Clicks of one address that are counted in a window; a store's kiosks share one."""
MOST_KEPT = 10_000
# CUBOT makes phones.
_ROBOTS = re.compile(
    r"(?<!\bcu)bot\b|crawl|spider|slurp|preview|scan|monitor|fetch|facebookexternalhit|embedly|headless|python-|curl/|wget/"
    r"|okhttp|java/|go-http|libwww",
    re.IGNORECASE,
)


def is_robot(request: HttpRequest) -> bool:
    """Whether a program says that it is one, or nothing says who asks."""
    agent = request.headers.get("User-Agent", "")
    return not agent or bool(_ROBOTS.search(agent))


def looks_ahead(request: HttpRequest) -> bool:
    """Whether a browser fetches the page in case somebody follows the link (Fetch: `Sec-Purpose`, and older names)."""
    return any("prefetch" in request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz", "X-Purpose"))


class Clicks:
    """Clicks of the last minute by address, as one process has seen them; addresses are kept as marks of no use."""

    def __init__(self) -> None:
        """Begin with none, and with a key that nobody keeps."""
        self._seen: OrderedDict[bytes, tuple[float, int]] = OrderedDict()
        self._key, self._lock = secrets.token_bytes(16), Lock()

    def count(self, address: str) -> bool:
        """Count a click of an address; whether it is one that counts."""
        mark = blake2b(address.encode(), key=self._key, digest_size=8).digest()
        now = time.monotonic()
        with self._lock:
            since, clicks = self._seen.pop(mark, (now, 0))
            since, clicks = (since, clicks + 1) if now - since < WINDOW_SECONDS else (now, 1)
            self._seen[mark] = (since, clicks)
            while len(self._seen) > MOST_KEPT:
                self._seen.popitem(last=False)
        return clicks <= MOST_CLICKS


CLICKS = Clicks()
"""This process's own."""


def address_of(request: HttpRequest) -> str:
    """Return the address that a request came from: behind a proxy that is trusted, the one that it was told."""
    if settings.SECURE_PROXY_SSL_HEADER and (told := request.headers.get("X-Forwarded-For", "")):
        return told.rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
