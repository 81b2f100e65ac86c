"""Pages of the sandbox: written from templates of its own, loading nothing from elsewhere, running no script."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

from django.template import Context, Engine

FOLDER = Path(__file__).parent / "pages"
_ENGINE = Engine(dirs=[str(FOLDER)], autoescape=True)
HTML, CSS, SVG, JSON = "text/html; charset=utf-8", "text/css; charset=utf-8", "image/svg+xml", "application/json"
FILES = {"/style.css": ("sandbox.css", CSS), "/icon.svg": ("icon.svg", SVG)}
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'"
HEADERS = (
    ("Content-Security-Policy", f"{_POLICY}; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


class Page(NamedTuple):
    """What goes back over HTTP."""

    body: bytes
    status: int = 200
    kind: str = HTML
    headers: tuple[tuple[str, str], ...] = ()


class _Sign:
    """What the marketplace calls itself on every page."""

    name = "Lantern & Loom"


def hang_sign(name: str) -> None:
    """Let every page of this process call the marketplace so."""
    _Sign.name = name


def page(name: str, status: int = 200, /, **context: object) -> Page:
    """Return a page written from its template."""
    text = _ENGINE.get_template(f"{name}.html").render(Context({"marketplace": _Sign.name, **context}))
    return Page(text.encode(), status)


def kept_file(path: str) -> Page | None:
    """Return what every page needs beside itself: its style and its icon."""
    name, kind = FILES.get(path, ("", ""))
    return Page((FOLDER / name).read_bytes(), kind=kind, headers=(("Cache-Control", "max-age=300"),)) if name else None


def to(address: str, *, status: int = 303, cookie: str = "") -> Page:
    """Send the browser on."""
    headers = (("Location", address), *((("Set-Cookie", cookie),) if cookie else ()))
    return Page(b"", status, headers=headers)


def fields_of(text: str) -> Mapping[str, str]:
    """Return what a form or a query states; nothing where it cannot be read."""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=50))
    except ValueError:
        return {}
