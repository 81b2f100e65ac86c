"""A card's number as scanners read it: UPC-A or EAN-13 bars, and a QR code, both drawn into the page.

Bars: GS1 General Specifications 5.2.1 and 5.2.2 (seven modules a digit, guards, parity of the first digit).
"""

import segno
from django.utils.safestring import SafeString, mark_safe

from onebasket.commerce.customers.rules.cards import check_digit

_ODD = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
_EVEN = tuple("".join("01"[bit == "0"] for bit in code)[::-1] for code in _ODD)
_RIGHT = tuple("".join("01"[bit == "0"] for bit in code) for code in _ODD)
_PARITY = ("OOOOOO", "OOEOEE", "OOEEOE", "OOEEEO", "OEOOEE", "OEEOOE", "OEEEOO", "OEOEOE", "OEOEEO", "OEEOEO")
_EDGE, _MIDDLE, _QUIET = "101", "01010", 10
_LENGTHS = frozenset({12, 13})


def modules(number: str) -> str:
    """Return the bars (1) and gaps (0) of a number with twelve or thirteen digits; empty where it cannot be drawn."""
    if len(number) not in _LENGTHS or not (number.isascii() and number.isdigit()):
        return ""
    full = number.zfill(13)
    if check_digit(full[:-1]) != int(full[-1]):
        return ""
    left = "".join(
        (_ODD if parity == "O" else _EVEN)[int(digit)]
        for parity, digit in zip(_PARITY[int(full[0])], full[1:7], strict=True)
    )
    return _EDGE + left + _MIDDLE + "".join(_RIGHT[int(digit)] for digit in full[7:]) + _EDGE


def bars(number: str) -> SafeString:
    """Draw a number's bars as SVG: only rectangles, so that no policy has to allow anything; empty without bars."""
    drawn = modules(number)
    if not drawn:
        return mark_safe("")
    wide = len(drawn) + 2 * _QUIET
    rects, at = [], 0
    while at < len(drawn):
        run = len(drawn[at:]) - len(drawn[at:].lstrip(drawn[at]))
        if drawn[at] == "1":
            rects.append(f'<rect x="{at + _QUIET}" width="{run}" height="60"/>')
        at += run
    return mark_safe(  # noqa: S308 - digits alone
        f'<svg class="code" viewBox="0 0 {wide} 60" role="img" aria-label="{number}" preserveAspectRatio="none">'
        f'<rect width="{wide}" height="60" fill="#fff"/><g fill="#000">{"".join(rects)}</g></svg>'
    )


def qr(number: str) -> SafeString:
    """Draw a number as a QR code, as SVG."""
    drawn = segno.make(number, error="m", micro=False)
    return mark_safe(drawn.svg_inline(border=4, dark="#000", light="#fff", omitsize=True, svgclass="code qr"))  # noqa: S308
