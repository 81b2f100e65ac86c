"""Goods as SVG: one sprite of every picture, and a tile by itself. Colours come from the page, or from HUES."""

from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import NamedTuple

HUES: dict[str, tuple[str, str, str]] = {
    "leaf": ("#4a9d5f", "#c4e6c9", "#2a6a40"),
    "lime": ("#8fb93a", "#e4f0ba", "#5b7c1b"),
    "sun": ("#f0b433", "#fdebb4", "#b3760c"),
    "orange": ("#ec8a3c", "#fcd9b4", "#ad531a"),
    "rose": ("#db5b56", "#f9cfc9", "#993036"),
    "pink": ("#df7ba6", "#fad7e4", "#a24471"),
    "plum": ("#8f6cc0", "#dfd1f3", "#593b8a"),
    "sky": ("#5098d2", "#cae3f7", "#24619a"),
    "teal": ("#3ca69f", "#c3e8e4", "#1c6e6a"),
    "cocoa": ("#a26e4a", "#ead3be", "#6a4023"),
    "sand": ("#d8b27e", "#f7e8cd", "#956e39"),
    "slate": ("#7e909a", "#dae1e5", "#495a64"),
}
"""The goods' own colour, its lighter and its darker one; shop.css has the same."""

_TAGS = {"r": ("x", "y", "width", "height", "rx"), "c": ("cx", "cy", "r"), "e": ("cx", "cy", "rx", "ry")}
_ELEMENTS = {"r": "rect", "c": "circle", "e": "ellipse"}


class Sprite(NamedTuple):
    """Every picture in one SVG file, and what names this content."""

    body: bytes
    version: str


@cache
def pictures() -> dict[str, tuple[str, ...]]:
    """Return the shapes of each picture by its name."""
    text = files(__package__).joinpath("goods.txt").read_text(encoding="utf-8")
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, shapes = line.partition(": ")
            found[name] = tuple(shapes.split("; "))
    return found


def draw(shapes: tuple[str, ...], colours: tuple[str, str, str]) -> str:
    """Write shapes as SVG elements in these colours."""
    return "".join(_element(shape, colours) for shape in shapes)


@cache
def sprite() -> Sprite:
    """Return every picture as a symbol whose colours the page sets: --g1, --g2, --g3."""
    colours = ("var(--g1)", "var(--g2)", "var(--g3)")
    symbols = "".join(
        f'<symbol id="{name}" viewBox="0 0 48 48">{draw(shapes, colours)}</symbol>'
        for name, shapes in pictures().items()
    )
    body = f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>'.encode()
    return Sprite(body, blake2b(body, digest_size=6).hexdigest())


def tile(name: str, hue: str) -> bytes:
    """Return a picture by itself on its ground, 480 by 360; KeyError where there is none of that name or hue."""
    colours, shapes = HUES[hue], pictures()[name]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="480" height="360" viewBox="0 0 96 72">'
        f'<rect width="96" height="72" fill="#fff"/><rect width="96" height="72" fill="{colours[0]}" opacity=".14"/>'
        f'<g transform="translate(24 12)">{draw(shapes, colours)}</g></svg>'
    ).encode()


def _element(shape: str, colours: tuple[str, str, str]) -> str:
    kind, colour = shape[0], colours[int(shape[1]) - 1]
    rest = shape[2:].strip()
    if kind == "p":
        return f'<path d="{rest}" fill="{colour}"/>'
    if kind == "s":
        width, _, path = rest.partition(" ")
        return (
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="round" '
            'stroke-linejoin="round"/>'
        )
    numbers = " ".join(f'{name}="{value}"' for name, value in zip(_TAGS[kind], rest.split(), strict=True))
    return f'<{_ELEMENTS[kind]} {numbers} fill="{colour}"/>'
