"""The simulated provider: what it does once, what it refuses, and whom it turns away."""

import io
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from onebasket.channels.provider.application import LARGEST_BODY, Provider
from onebasket.channels.provider.ledger import Ledger
from onebasket.commerce.payments.rules.testcards import TEST_CARDS
from onebasket.commerce.payments.rules.wire import BASE, Request, signed

SECRET = "a-secret-of-thirty-two-characters"
Answer = tuple[int, dict[str, Any]]


class Caller:
    """Someone who knows the secret."""

    def __init__(self, folder: Path, *, lasts: timedelta = timedelta(days=7)) -> None:
        self.ledger = Ledger(folder / "books.sqlite3", lasts=lasts)
        self.provider = Provider(self.ledger, SECRET, hang=0.0)

    def ask(self, method: str, path: str, body: object = None, key: str = "k", **environ: Any) -> Answer:
        content = b"" if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
        request = Request(method, path, content)
        told: list[str] = []
        stated = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": io.BytesIO(content), "HTTP_IDEMPOTENCY_KEY": key,
            "HTTP_PROVIDER_SIGNATURE": signed(SECRET, request, key=key, at=int(time.time())),
        } | environ  # fmt: skip
        (answer,) = self.provider(stated, lambda status, _headers: told.append(status))  # type: ignore[arg-type]
        return int(told[0].split()[0]), msgspec.json.decode(answer)

    def authorise(
        self, reference: str = "r1", *, card: str = "tok_approved", amount: int = 500, key: str = ""
    ) -> Answer:
        body = {"token": card, "amount": amount, "currency": "USD"}
        return self.ask("POST", BASE + reference, body, key or f"{reference}-authorise")

    def take(self, part: str, amount: int = 0, *, key: str = "", reference: str = "r1") -> Answer:
        body = {"amount": amount} if amount else {}
        return self.ask("POST", f"{BASE}{reference}/{part}", body, key or f"{reference}-{part}-{amount}")

    def state(self, reference: str = "r1") -> Answer:
        return self.ask("GET", BASE + reference)


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    return Caller(tmp_path)


def words(answer: Answer) -> tuple[int, str]:
    status, said = answer
    state = said.get("state") or said
    return status, f"{state.get('status', said.get('code'))} {state.get('amount', 0)} {state.get('captured', 0)}"


def test_the_life_of_an_authorisation(caller: Caller) -> None:
    assert words(caller.state()) == (404, "unknown 0 0")
    assert words(caller.authorise()) == (200, "authorised 500 0")
    assert words(caller.take("capture", 450)) == (200, "captured 500 450")
    status, said = caller.take("refunds", 200, key="f1")
    assert (status, said["refunds"]) == (200, [{"key": "f1", "amount": 200}])
    assert caller.state()[1]["refunds"] == [{"key": "f1", "amount": 200}]


def test_the_same_key_again_has_no_second_effect(caller: Caller) -> None:
    first = caller.authorise()
    assert caller.authorise() == first
    caller.take("capture", 450)
    assert caller.take("refunds", 200, key="f1") == caller.take("refunds", 200, key="f1")
    assert len(caller.state()[1]["refunds"]) == 1
    assert words(caller.take("refunds", 100, key="f1")) == (422, "key_conflict 0 0")


@pytest.mark.parametrize(("token", "code"), [("tok_declined", "declined"), ("tok_insufficient", "insufficient"),
                                             ("4111111111111111", "unknown_card")])  # fmt: skip
def test_cards_that_are_declined(caller: Caller, token: str, code: str) -> None:
    status, said = caller.authorise(card=token)
    assert (status, said["status"], said["code"]) == (200, "declined", code)
    assert words(caller.take("capture", 1)) == (409, "declined 500 0")


def test_a_reference_is_used_once(caller: Caller) -> None:
    caller.authorise()
    assert words(caller.authorise(key="another")) == (409, "authorised 500 0")


def test_at_most_what_was_put_aside_is_captured_and_once(caller: Caller) -> None:
    caller.authorise()
    assert words(caller.take("capture", 501)) == (409, "authorised 500 0")
    assert words(caller.take("capture", 500)) == (200, "captured 500 500")
    assert words(caller.take("capture", 1)) == (409, "captured 500 500")
    assert words(caller.take("reverse")) == (409, "captured 500 500")


def test_at_most_what_was_captured_is_given_back(caller: Caller) -> None:
    caller.authorise()
    assert words(caller.take("refunds", 1)) == (409, "authorised 500 0")
    caller.take("capture", 450)
    assert words(caller.take("refunds", 300, key="a")) == (200, "captured 500 450")
    assert words(caller.take("refunds", 151, key="b")) == (409, "captured 500 450")
    assert words(caller.take("refunds", 150, key="c")) == (200, "captured 500 450")
    assert words(caller.take("refunds", 1, key="d")) == (409, "captured 500 450")


def test_what_is_let_go_beforehand_never_comes(caller: Caller) -> None:
    assert words(caller.take("reverse")) == (200, "reversed 0 0")
    assert words(caller.authorise()) == (409, "reversed 0 0")


def test_what_is_let_go_cannot_be_captured(caller: Caller) -> None:
    caller.authorise()
    assert words(caller.take("reverse")) == (200, "reversed 500 0")
    assert words(caller.take("capture", 100)) == (409, "reversed 500 0")


def test_what_was_put_aside_lapses(tmp_path: Path) -> None:
    caller = Caller(tmp_path, lasts=timedelta(0))
    caller.authorise()
    assert words(caller.state()) == (200, "expired 500 0")
    assert words(caller.take("capture", 100)) == (409, "expired 500 0")


def test_its_books_outlive_it(tmp_path: Path) -> None:
    Caller(tmp_path).authorise()
    assert words(Caller(tmp_path).state()) == (200, "authorised 500 0")


@pytest.mark.parametrize(
    ("environ", "status", "code"),
    [
        ({"HTTP_PROVIDER_SIGNATURE": ""}, 401, "signature"),
        ({"HTTP_PROVIDER_SIGNATURE": "t=1,v1=00"}, 401, "signature"),
        ({"HTTP_IDEMPOTENCY_KEY": "another"}, 401, "signature"),
        ({"PATH_INFO": BASE + "r2"}, 401, "signature"),
        ({"CONTENT_LENGTH": str(LARGEST_BODY + 1)}, 413, "too_large"),
        ({"CONTENT_LENGTH": "many"}, 413, "too_large"),
    ],
)
def test_whom_it_turns_away(caller: Caller, environ: dict[str, str], status: int, code: str) -> None:
    body = {"token": "tok_approved", "amount": 500, "currency": "USD"}
    found, said = caller.ask("POST", BASE + "r1", body, **environ)
    assert (found, said["code"]) == (status, code)
    assert words(caller.state()) == (404, "unknown 0 0")


@pytest.mark.parametrize(
    ("method", "path", "body", "key", "answer"),
    [
        ("POST", "/v1/elsewhere", {}, "k", (404, "no_address")),
        ("POST", BASE + "a/b/c", {}, "k", (404, "no_address")),
        ("POST", BASE + "r1", b"no JSON", "k", (422, "invalid")),
        ("POST", BASE + "r1", {"token": "t", "amount": 0, "currency": "USD"}, "k", (422, "invalid")),
        ("POST", BASE + "r1", {"token": "t", "amount": 1, "currency": "usd"}, "k", (422, "invalid")),
        ("POST", BASE + "r1", {"token": "t", "amount": 1, "currency": "USD", "more": 1}, "k", (422, "invalid")),
        ("POST", BASE + "r1/capture", {"amount": -1}, "k", (422, "invalid")),
        ("POST", BASE + "r1/capture", {"amount": 1}, "k", (404, "unknown")),
        ("POST", BASE + "r1/refunds", {"amount": 1}, "k", (404, "unknown")),
        ("POST", BASE + "r1/capture", {"amount": 1}, "", (400, "key")),
        ("DELETE", BASE + "r1", None, "k", (400, "key")),
    ],
)  # fmt: skip
def test_what_it_does_not_understand(
    caller: Caller, method: str, path: str, body: object, key: str, answer: tuple[int, str]
) -> None:
    found, said = caller.ask(method, path, body, key)
    assert (found, said["code"]) == answer


def test_every_test_card_is_described_and_does_something(caller: Caller) -> None:
    assert len(TEST_CARDS) == 11
    assert all(token.startswith("tok_") and meaning for token, meaning in TEST_CARDS.items())


def test_a_card_that_stumbles_fails_once(caller: Caller) -> None:
    assert words(caller.authorise(card="tok_broken_once")) == (500, "broken 0 0")
    assert words(caller.authorise(card="tok_broken_once")) == (200, "authorised 500 0")
