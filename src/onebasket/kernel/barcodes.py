"""What a scanned code says: GTIN, PLU, in-store code or GS1 element string, in the form that look-ups use.

Sources: GS1 General Specifications (section 1.4 and 2.1 for GTIN and restricted circulation numbers, 3 for element
strings, 7.9 for check digits) and the IFPS guide to PLU codes (four digits, or five with a leading 9 for organic).
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from biip import ParseError
from biip.checksums import gs1_price_weight_check_digit, gs1_standard_check_digit
from biip.gs1_messages import GS1Message
from biip.upc import Upc
from msgspec import Struct

Kind = Literal["gtin", "plu", "instore"]
Means = Literal["price", "weight", "count", ""]
Keys = tuple[tuple[Kind, str], ...]

GROUP_SEPARATOR = "\x1d"
MAX_LENGTH = 120
REMEMBERED = 32_768
_EAN = 13
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_PLU_LENGTHS = frozenset({4, 5})
_GS1_SYMBOLOGIES = frozenset({"]C1", "]e0", "]d2", "]Q3", "]J1"})
_BRACES = re.compile(r"(\d{1,4}){item:(\d\d?)}(?:({inner})?{(price|weight):(\d)})?{check}", re.ASCII)
_LETTERS = re.compile(r"(\d{1,4})(I+)(V?)(P*|W*)C", re.ASCII)


class InStoreTemplate(Struct, frozen=True, cache_hash=True):
    """How a chain builds its in-store codes: prefix, item, value and check digit of an EAN-13 (UPC-A with a leading 0).

    `means` says what the value is: a price in minor units, or a weight in steps of the product's unit. With
    `inner_check` one digit before the value proves it (GS1 General Specifications 7.9.2 to 7.9.4).
    """

    prefix: str
    item_digits: int
    value_digits: int = 0
    means: Means = ""
    inner_check: bool = False


class Inside(Struct, frozen=True, gc=False):
    """A value that a code carries: `number` with `decimals`, or in minor units or steps when `decimals` is None.

    `unit` is kg or lb where the standard fixes it, else empty.
    """

    means: Means
    number: int
    decimals: int | None = None
    unit: str = ""


class Scan(Struct, frozen=True, gc=False):
    """A code that was understood: its kind and normal form, every key to look it up by in order, and what is inside.

    The normal form of a GTIN is its GTIN-14 text; of a PLU its four or five digits; of an in-store code the
    template's prefix and item, or the 14 digits where no template says what they mean.
    """

    kind: Kind
    code: str
    keys: Keys
    inside: tuple[Inside, ...] = ()
    organic: bool = False


class BadCode(Struct, frozen=True, gc=False):
    """A code that cannot be right, with a reason code and an explanation for people."""

    code: str
    reason: str
    explanation: str


def parse(code: str, templates: Sequence[InStoreTemplate] = ()) -> Scan | BadCode:
    """Say what a scanned code means; the same code is remembered, within a bound. Pass templates as a tuple."""
    return _parse(code, templates if type(templates) is tuple else tuple(templates))


def lookup_keys(code: str, templates: Sequence[InStoreTemplate] = ()) -> Keys:
    """Return the (kind, normal form) pairs under which a product may be found, best first; none for a bad code."""
    scan = _parse(code, templates if type(templates) is tuple else tuple(templates))
    return scan.keys if isinstance(scan, Scan) else ()


def template_from(pattern: str) -> InStoreTemplate:
    """Read a template from text such as `2{item:5}{price:5}{check}` or `21IIIIIWWWWWC`; ValueError when unfit.

    `{inner}` or V is an inner check digit, P a price, W a weight, C the check digit. Twelve digits mean UPC-A.
    """
    if found := _BRACES.fullmatch(pattern):
        prefix, item, inner, means, digits = found.groups()
        parts = (prefix, int(item), int(digits or 0), means or "", bool(inner))
    elif found := _LETTERS.fullmatch(pattern):
        prefix, items, inner, values = found.groups()
        parts = (prefix, len(items), len(values), {"P": "price", "W": "weight"}.get(values[:1], ""), bool(inner))
    else:
        raise ValueError(f"{pattern!r} is no template of an in-store code")
    prefix, item_digits, value_digits, means, has_inner = parts
    length = len(prefix) + item_digits + has_inner + value_digits + 1
    if length == _EAN - 1:
        prefix, length = "0" + prefix, _EAN
    if length != _EAN:
        raise ValueError(f"{pattern!r} makes {length} digits, not 12 or 13")
    if has_inner and value_digits not in {4, 5}:
        raise ValueError(f"{pattern!r}: an inner check digit proves four or five digits")
    return InStoreTemplate(prefix, item_digits, value_digits, means, has_inner)  # type: ignore[arg-type]


def compose(template: InStoreTemplate, item: int, value: int = 0) -> str:
    """Write the 13 digits of an in-store code, as a scale does; ValueError when a part does not fit."""
    item_text, value_text = f"{item:0{template.item_digits}d}", f"{value:0{template.value_digits}d}"
    if template.value_digits == 0 and value == 0:
        value_text = ""
    if min(item, value) < 0 or len(item_text) > template.item_digits or len(value_text) > template.value_digits:
        raise ValueError(f"item {item} with value {value} does not fit into {template}")
    inner = str(gs1_price_weight_check_digit(value_text)) if template.inner_check else ""
    body = template.prefix + item_text + inner + value_text
    return body + str(gs1_standard_check_digit(body))


@lru_cache(maxsize=REMEMBERED)
def _parse(code: str, templates: tuple[InStoreTemplate, ...]) -> Scan | BadCode:
    text = code.strip(" \t\r\n")
    if not text or len(text) > MAX_LENGTH or not text.isascii():
        return BadCode(code, "characters", f"A code has 1 to {MAX_LENGTH} plain digits or letters.")
    symbology = text[:3] if text[0] == "]" else ""
    text = text.removeprefix(symbology)
    if symbology in _GS1_SYMBOLOGIES or text.startswith("(") or GROUP_SEPARATOR in text:
        return _element_string(text, templates)
    if not text.isdigit():
        return BadCode(code, "characters", "The code has characters that no GTIN, PLU or in-store code has.")
    return _digits(text, templates)


def _digits(text: str, templates: tuple[InStoreTemplate, ...]) -> Scan | BadCode:
    """Read plain digits by their number."""
    if not text.strip("0"):
        return BadCode(text, "empty", "The code is all zeros.")
    if len(text) in _PLU_LENGTHS:
        return _plu(text)
    if len(text) in _GTIN_LENGTHS:
        return _number(text, templates)
    if len(text) > max(_GTIN_LENGTHS):
        return _element_string(text, templates)
    return BadCode(text, "length", f"{len(text)} digits: a PLU has 4 or 5, a GTIN 8, 12, 13 or 14.")


def _plu(text: str) -> Scan:
    plu = text[1:] if len(text) > min(_PLU_LENGTHS) and text[0] == "0" else text
    return Scan("plu", plu, (("plu", plu),), organic=len(plu) > min(_PLU_LENGTHS) and plu[0] == "9")


def _number(text: str, templates: tuple[InStoreTemplate, ...]) -> Scan | BadCode:
    """Read 8, 12, 13 or 14 digits; eight digits with a leading 0 may be a UPC-E, which goes first."""
    expanded = _upc_e(text)
    if not _check_digit_fits(text):
        if expanded:
            return Scan("gtin", expanded, (("gtin", expanded),))
        return BadCode(text, "check_digit", f"The last digit of {text} does not fit the others: misread or mistyped.")
    full = text.zfill(14)
    if full[0] == "0":
        held = _in_store(full, templates)
        if held is not None:
            return held
    kind: Kind = "instore" if _is_restricted(full) else "gtin"
    if expanded:
        return Scan("gtin", expanded, (("gtin", expanded), (kind, full)))
    return Scan(kind, full, ((kind, full),))


def _check_digit_fits(digits: str) -> bool:
    """Test the check digit of all GS1 numbers (General Specifications 7.9.1): weights 1 and 3 from the right."""
    return (sum(map(int, digits[::-2])) + 3 * sum(map(int, digits[-2::-2]))) % 10 == 0


def _upc_e(text: str) -> str:
    """Return the GTIN-14 that a zero-suppressed UPC-E stands for (General Specifications 5.2.2.4.2), or nothing."""
    if len(text) != 8 or text[0] != "0":  # noqa: PLR2004 - the length of a UPC-E
        return ""
    try:
        return Upc.parse(text).as_gtin_14()
    except ParseError:
        return ""


def _is_restricted(full: str) -> bool:
    """Whether 14 digits are a number for restricted circulation: prefixes 02, 04, 20 to 29; RCN-8 with 0 or 2."""
    if full.startswith("000000"):
        return full[6] in "02"
    return full[0] == "0" and (full[1] == "2" or full[1:3] in {"02", "04"})


def _in_store(full: str, templates: tuple[InStoreTemplate, ...]) -> Scan | BadCode | None:
    """Read an EAN-13 by the first template that fits; BadCode when only its inner check digit fails."""
    digits, refused = full[1:], False
    for template in templates:
        if not digits.startswith(template.prefix):
            continue
        end_of_item = len(template.prefix) + template.item_digits
        value = digits[_EAN - 1 - template.value_digits : _EAN - 1]
        if template.inner_check and int(digits[end_of_item]) != gs1_price_weight_check_digit(value):
            refused = True
            continue
        item = digits[:end_of_item]
        inside = (Inside(template.means, int(value)),) if value else ()
        return Scan("instore", item, (("instore", item), ("instore", full)), inside)
    if refused:
        return BadCode(digits, "inner_check", f"The price or weight inside {digits} does not fit its check digit.")
    return None


def _element_string(text: str, templates: tuple[InStoreTemplate, ...]) -> Scan | BadCode:
    """Read a GS1 message, printed with brackets or as scanned with separators, down to its GTIN (01) and measures."""
    try:
        message = GS1Message.parse_hri(text) if text.startswith("(") else GS1Message.parse(text)
    except (ParseError, ValueError, ArithmeticError) as error:
        return BadCode(text, "element_string", f"The code is no GS1 element string: {error}")
    values = {element.ai.ai: element.pattern_groups for element in message.element_strings}
    gtin = values.get("01")
    if not gtin:
        return BadCode(text, "no_gtin", "The GS1 code names no product: it has no (01).")
    if not gtin[0].strip("0"):
        return BadCode(text, "empty", "The GTIN is all zeros.")
    scan = _number(gtin[0], templates)
    if isinstance(scan, BadCode):
        return scan
    measures = [_measure(identifier, groups[-1]) for identifier, groups in values.items() if groups]
    inside = scan.inside + tuple(measure for measure in measures if measure)
    return Scan(scan.kind, scan.code, scan.keys, inside, scan.organic)


def _measure(identifier: str, digits: str) -> Inside | None:
    """Read net weight (310n kg, 320n lb), amount payable (392n, 393n) and count (30) of a GS1 element string."""
    if identifier == "30":
        return Inside("count", int(digits), 0)
    if identifier[:3] in {"310", "320"}:
        return Inside("weight", int(digits), int(identifier[3]), "kg" if identifier[1] == "1" else "lb")
    if identifier[:3] in {"392", "393"}:
        return Inside("price", int(digits), int(identifier[3]))
    return None
