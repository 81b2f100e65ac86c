"""Loyalty cards: their numbers, and the codes by which somebody proves that a card is theirs.

A new number has twelve digits: 4, ten that are drawn at random, and the check digit of all GS1 numbers (General
Specifications 7.9.1). UPC-A keeps the 4 for a retailer's own use, so every till reads it, and no product has it.
"""

from hashlib import sha256

NUMBER_SYSTEM = "4"
RANDOM_DIGITS = 10
NUMBER_LENGTH = len(NUMBER_SYSTEM) + RANDOM_DIGITS + 1

ERASED = "erased"
"""What stands in receipts and orders in the place of the number of somebody who was erased. Nobody's number."""

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is taken for a digit, or for a rude word's U."""
CODE_LENGTH = 10
MOST_TRIES = 5
"""Wrong codes for one card, after which its code is used up."""
_LOOKS_LIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


def check_digit(digits: str) -> int:
    """Return the GS1 check digit: weights 3 and 1 from the right, up to the next ten."""
    total = 3 * sum(map(int, digits[::-2])) + sum(map(int, digits[-2::-2]))
    return -total % 10


def card_number(drawn: int) -> str:
    """Return the card number that a random number makes (below 10 to the power of `RANDOM_DIGITS`)."""
    body = f"{NUMBER_SYSTEM}{drawn:0{RANDOM_DIGITS}d}"
    return f"{body}{check_digit(body)}"


def is_card_number(text: str) -> bool:
    """Whether a text is a card number of our own; numbers that a chain brought along have their own forms."""
    return (
        len(text) == NUMBER_LENGTH
        and text.isascii()
        and text.isdigit()
        and text.startswith(NUMBER_SYSTEM)
        and check_digit(text[:-1]) == int(text[-1])
    )


def number_problem(number: str) -> str:
    """Say what is wrong with a number for a customer, or nothing."""
    if number == ERASED:
        return f"loyalty_number: {ERASED!r} stands for people who were erased. Choose another."
    return ""


def typed_number(text: str) -> str:
    """Return a card number as typed, without the blanks and hyphens that cards print between groups of digits."""
    bare = text.strip().replace(" ", "").replace("-", "")
    return bare if bare.isdigit() else text.strip()


def proof_code(drawn: int) -> str:
    """Return the code that a random number makes (below 32 to the power of `CODE_LENGTH`): 50 bits."""
    letters = ""
    for _ in range(CODE_LENGTH):
        drawn, digit = divmod(drawn, len(CODE_ALPHABET))
        letters += CODE_ALPHABET[digit]
    return letters


def printed_code(code: str) -> str:
    """Return a code in two groups, as it is printed."""
    half = len(code) // 2
    return f"{code[:half]}-{code[half:]}"


def code_digest(code: str) -> str:
    """Return the 64 hex digits under which a typed or made code is kept: case, blanks, O and I make no difference."""
    return sha256(code.strip().upper().translate(_LOOKS_LIKE).encode()).hexdigest()
