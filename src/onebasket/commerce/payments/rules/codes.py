"""Codes of gift cards and store credit: 128 bits and a check character, in an alphabet without look-alikes.

A code is 26 characters of Crockford's Base32 (no I, L, O, U) and one check character. The check is a sum over GF(32)
(primitive polynomial x^5 + x^2 + 1) weighted by powers of its generator: since a code is shorter than 31 characters it
finds every single wrong character and every pair of characters that changed places.
"""

from hashlib import sha256

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRET_BYTES = 16
LENGTH = 27
"""Characters, the check character among them."""

_VALUES = {letter: value for value, letter in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_POLYNOMIAL = 0b100101
_GROUP = 4


def code_of(secret: bytes) -> str:
    """Return the code of 16 random bytes, without hyphens."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a code is made of {SECRET_BYTES} bytes")
    number = int.from_bytes(secret, "big") << 2
    body = [number >> shift & 31 for shift in range(125, -1, -5)]
    return "".join(ALPHABET[value] for value in (*body, _check(body)))


def written(code: str) -> str:
    """Write a code for people: in groups of four."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def read_code(text: str) -> str | None:
    """Return a code as a person may have typed it; None where it cannot be one, a mistyped one included."""
    plain = "".join(text.split()).replace("-", "").upper()
    values = [_VALUES.get(letter) for letter in plain]
    if len(values) != LENGTH or None in values:
        return None
    found = [value for value in values if value is not None]
    if _check(found[:-1]) != found[-1]:
        return None
    return "".join(ALPHABET[value] for value in found)


def code_digest(code: str) -> str:
    """Return the 64 hex digits under which a code is kept (SHA-256: 128 random bits need no salt)."""
    return sha256(code.encode()).hexdigest()


def _check(values: list[int]) -> int:
    total = 0
    for value in values:
        total = _times_generator(total ^ value)
    return total


def _times_generator(value: int) -> int:
    doubled = value << 1
    return doubled ^ _POLYNOMIAL if doubled & 32 else doubled
