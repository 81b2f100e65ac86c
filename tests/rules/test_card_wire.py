"""How the hub and the card provider talk: what goes over the wire, and which signatures are genuine."""

import pytest

from onebasket.commerce.payments.rules.port import Call, Operation
from onebasket.commerce.payments.rules.wire import TOLERANCE_SECONDS, Request, is_genuine, request_of, signed

SECRET = "a-secret-of-thirty-two-characters"
NOW = 1_772_450_000
REQUEST = Request("POST", "/v1/authorisations/r-1", b'{"token":"tok_approved","amount":450,"currency":"USD"}')


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("authorise", REQUEST),
        ("capture", Request("POST", "/v1/authorisations/r-1/capture", b'{"amount":450}')),
        ("refund", Request("POST", "/v1/authorisations/r-1/refunds", b'{"amount":450}')),
        ("reverse", Request("POST", "/v1/authorisations/r-1/reverse", b"{}")),
        ("fence", Request("POST", "/v1/authorisations/r-1/reverse", b"{}")),
        ("inquire", Request("GET", "/v1/authorisations/r-1", b"")),
    ],
)
def test_the_request_of_a_call(operation: str, request_: Request) -> None:
    assert request_of(Call(Operation(operation), "r-1", "k", 450, "USD"), "tok_approved") == request_


def test_a_signed_request_is_genuine_for_a_while() -> None:
    header = signed(SECRET, REQUEST, key="k", at=NOW)
    for now in (NOW, NOW + TOLERANCE_SECONDS, NOW - TOLERANCE_SECONDS):
        assert is_genuine(SECRET, REQUEST, key="k", header=header, now=now)
    for now in (NOW + TOLERANCE_SECONDS + 1, NOW - TOLERANCE_SECONDS - 1):
        assert not is_genuine(SECRET, REQUEST, key="k", header=header, now=now)


@pytest.mark.parametrize(
    "other",
    [
        Request("GET", REQUEST.path, REQUEST.body),
        Request("POST", REQUEST.path + "/capture", REQUEST.body),
        Request("POST", REQUEST.path, REQUEST.body.replace(b"450", b"950")),
    ],
)
def test_another_request_is_not_covered(other: Request) -> None:
    header = signed(SECRET, REQUEST, key="k", at=NOW)
    assert not is_genuine(SECRET, other, key="k", header=header, now=NOW)


def test_nor_is_another_key_or_secret() -> None:
    header = signed(SECRET, REQUEST, key="k", at=NOW)
    assert not is_genuine(SECRET, REQUEST, key="j", header=header, now=NOW)
    assert not is_genuine("other", REQUEST, key="k", header=header, now=NOW)


@pytest.mark.parametrize("header", ["", "t=", "t=x,v1=", f"t={NOW}", f"t={NOW},v1=", f"v1={'0' * 64}", "t=²,v1=0"])
def test_what_is_no_signature_is_not_genuine(header: str) -> None:
    assert not is_genuine(SECRET, REQUEST, key="k", header=header, now=NOW)
