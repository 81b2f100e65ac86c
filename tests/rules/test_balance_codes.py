"""Codes of gift cards: 128 bits in, the same text out, and every usual slip found."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.payments.rules.codes import ALPHABET, LENGTH, code_digest, code_of, read_code, written

SECRETS = st.binary(min_size=16, max_size=16)


def test_an_example() -> None:
    code = code_of(bytes(range(16)))
    assert written(code) == "000G-40R4-0M30-E209-185G-R38E-1W8"
    assert read_code(written(code)) == code


def test_the_digest_is_of_the_plain_code() -> None:
    assert code_of(bytes(16)) == "0" * LENGTH
    assert code_digest("0" * LENGTH) == sha256(b"0" * LENGTH).hexdigest()


@given(SECRETS)
def test_every_code_is_read_however_it_is_typed(secret: bytes) -> None:
    code = code_of(secret)
    assert len(code) == LENGTH
    assert set(code) <= set(ALPHABET)
    typed = written(code).lower().replace("0", "o").replace("1", "l")
    assert read_code(code) == read_code(f"  {typed} ") == code


@given(SECRETS, SECRETS)
def test_different_secrets_have_different_codes(one: bytes, other: bytes) -> None:
    assert (code_of(one) == code_of(other)) is (one == other)


@given(SECRETS, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_a_wrong_character_is_found(secret: bytes, at: int, letter: str) -> None:
    code = code_of(secret)
    wrong = code[:at] + letter + code[at + 1 :]
    assert (read_code(wrong) is None) is (wrong != code)


@given(SECRETS, st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_characters_that_changed_places_are_found(secret: bytes, one: int, other: int) -> None:
    letters = list(code_of(secret))
    letters[one], letters[other] = letters[other], letters[one]
    wrong = "".join(letters)
    assert (read_code(wrong) is None) is (wrong != code_of(secret))


@pytest.mark.parametrize("text", ["", "x", "0" * 26, "0" * 28, "U" * 27, "0" * 26 + "1", "é" * 27, "0" * 26 + "\x00"])
def test_what_is_no_code_is_none(text: str) -> None:
    assert read_code(text) is None


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_code_is_made_of_sixteen_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        code_of(bytes(size))
