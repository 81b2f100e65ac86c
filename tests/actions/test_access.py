"""Sources, tokens and users: made, closed, revoked, each with its trace."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser

from onebasket.base.models import TrailEntry
from onebasket.commerce.access import actions, queries
from onebasket.commerce.access.actions import AccessError, TokenRequest, UserRequest
from onebasket.commerce.access.models import Token, User
from onebasket.commerce.access.rules import SourceFacts, UserFacts, is_token, token_digest

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC)
TILL = TokenRequest("till-1", "first till", ("sales:write", "orders:read"), ("s2", "s1"))


def trail() -> list[tuple[str, str, str]]:
    return list(TrailEntry.objects.order_by("id").values_list("actor", "action", "target"))


def test_a_source_is_enrolled_once() -> None:
    identity = actions.enrol_source("till-1", actor="ann", name="First till")

    with pytest.raises(AccessError, match="The source till-1 was enrolled before"):
        actions.enrol_source("till-1", actor="ann")
    with pytest.raises(AccessError, match="A code has 1 to 64"):
        actions.enrol_source("till 1", actor="ann")
    assert queries.sources_by_code(["till-1", "till-2"]) == {
        "till-1": SourceFacts(identity, "till-1", "First till", active=True)
    }
    assert trail() == [("ann", "source.enrol", "source/till-1")]


def test_a_token_is_shown_once_and_kept_as_a_digest() -> None:
    source = actions.enrol_source("till-1", actor="ann")

    identity, secret = actions.issue_token(TILL, actor="ann")

    assert is_token(secret)
    kept = Token.objects.get()
    assert kept.digest == token_digest(secret)
    assert secret not in "".join(map(str, Token.objects.values_list().get()))
    assert not TrailEntry.objects.filter(detail__icontains=secret[3:20]).exists()
    facts = queries.token_by_digest(token_digest(secret))
    assert facts is not None
    assert (facts.id, facts.source_id, facts.source_code, facts.name) == (identity, source, "till-1", "first till")
    assert facts.scopes == {"sales:write", "orders:read"}
    assert (facts.places, facts.every_place) == (frozenset({"s1", "s2"}), False)
    assert facts.is_valid(NOW)
    assert queries.token_by_digest(token_digest(secret + "x")) is None
    assert trail()[1:] == [("ann", "token.issue", f"token/{identity}")]


def test_no_two_tokens_are_alike() -> None:
    actions.enrol_source("till-1", actor="ann")

    assert len({actions.issue_token(TILL, actor="ann")[1] for _ in range(20)}) == 20


def test_a_token_for_every_place_that_expires() -> None:
    actions.enrol_source("erp", actor="ann")
    until = datetime.now(UTC) + timedelta(hours=1)

    _, secret = actions.issue_token(TokenRequest("erp", "erp", ("prices:write",), ("*", "s1"), until), actor="ann")

    facts = queries.token_by_digest(token_digest(secret))
    assert facts is not None
    assert (facts.places, facts.every_place, facts.expires_at) == (frozenset(), True, until)
    assert facts.is_valid(until - timedelta(seconds=1))
    assert not facts.is_valid(until)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (TokenRequest("none", "n", ("sales:write",), ("s1",)), "Nobody enrolled a source 'none'. Enrol it first."),
        (TokenRequest("till-1", "n", ("all",), ("s1",)), "Unknown scopes: all. Known are"),
        (TokenRequest("till-1", "n", (), ("s1",)), "A token needs at least one scope."),
        (TokenRequest("till-1", "n", ("sales:write",), ()), "A token is bound to places"),
        (TokenRequest("till-1", "n", ("sales:write",), ("s 1",)), "'s 1' is no place code."),
        (TokenRequest("till-1", " ", ("sales:write",), ("s1",)), "A token needs a name"),
        (TokenRequest("till-1", "n" * 121, ("sales:write",), ("s1",)), "A name has at most 120 characters."),
        (TokenRequest("till-1", "n", ("sales:write",), ("s1",), NOW - timedelta(1)), "The token would expire before"),
    ],
)
def test_tokens_that_are_not_issued(request_: TokenRequest, message: str) -> None:
    actions.enrol_source("till-1", actor="ann")

    with pytest.raises(AccessError, match=re.escape(message)):
        actions.issue_token(request_, actor="ann")
    assert Token.objects.count() == 0
    assert len(trail()) == 1


def test_a_token_is_revoked_for_ever() -> None:
    actions.enrol_source("till-1", actor="ann")
    identity, secret = actions.issue_token(TILL, actor="ann")

    assert actions.revoke_token(identity, actor="bob") is True
    assert actions.revoke_token(identity, actor="bob") is False
    facts = queries.token_by_digest(token_digest(secret))
    assert facts is not None
    assert not facts.is_valid(NOW)
    assert trail()[2:] == [("bob", "token.revoke", f"token/{identity}")]
    with pytest.raises(AccessError, match="There is no token -1"):
        actions.revoke_token(-1, actor="bob")


def test_a_closed_source_opens_nothing() -> None:
    actions.enrol_source("till-1", actor="ann")
    _, secret = actions.issue_token(TILL, actor="ann")

    actions.set_source_active("till-1", active=False, actor="ann")
    actions.set_source_active("till-1", active=False, actor="ann")

    facts = queries.token_by_digest(token_digest(secret))
    assert facts is not None
    assert not facts.is_valid(NOW)
    with pytest.raises(AccessError, match="The source till-1 is closed"):
        actions.issue_token(TILL, actor="ann")
    actions.set_source_active("till-1", active=True, actor="ann")
    assert [row[1] for row in trail()] == ["source.enrol", "token.issue", "source.close", "source.open"]


def test_a_user_gets_a_random_password_shown_once() -> None:
    made = actions.create_user(UserRequest("clerk", "store", ("s2", "s1", "s1")), actor="ann")

    assert made.password is not None
    assert len(made.password) == 20
    user = User.objects.get()
    assert user.password.startswith("argon2$argon2id$")
    assert authenticate(username="clerk", password=made.password) == user
    assert (user.is_staff, user.is_superuser, user.places) == (True, False, ["s1", "s2"])
    assert queries.facts_of(user) == UserFacts("clerk", "store", frozenset({"s1", "s2"}))
    assert queries.user_by_name("clerk") == queries.facts_of(user)
    assert queries.user_by_name("nobody") is None
    assert trail() == [("ann", "user.create", "user/clerk")]
    assert made.password not in str(TrailEntry.objects.get().detail)


def test_a_given_password_is_not_shown_back() -> None:
    made = actions.create_user(UserRequest("root", "admin", password="correct horse battery 9"), actor="setup")

    assert made.password is None
    assert authenticate(username="root", password="correct horse battery 9") is not None


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (UserRequest("clerk", "store"), "The role store is bound to places"),
        (UserRequest("boss", "owner"), "Unknown role 'owner'."),
        (UserRequest("x y", "reader"), "Enter a valid username."),
        (UserRequest("", "reader"), "This field cannot be blank."),
        (UserRequest("ANN", "reader"), "There is a user ANN already. Choose another name."),
        (UserRequest("bob", "reader", password="bob"), "This password is too short."),
    ],
)
def test_users_that_are_not_made(request_: UserRequest, message: str) -> None:
    actions.create_user(UserRequest("ann", "admin"), actor="setup")

    with pytest.raises(AccessError, match=re.escape(message)):
        actions.create_user(request_, actor="ann")
    assert User.objects.count() == 1
    assert len(trail()) == 1


def test_a_user_is_changed_and_shut_out() -> None:
    actions.create_user(UserRequest("bob", "reader"), actor="ann")

    actions.change_user("bob", role="store", places=("s1",), actor="ann")
    actions.change_user("bob", role="store", places=("s1",), actor="ann")
    assert queries.user_by_name("bob") == UserFacts("bob", "store", frozenset({"s1"}))
    actions.change_user("bob", role="reader", active=False, actor="ann")
    assert queries.user_by_name("bob") == UserFacts("bob", "reader", active=False)

    assert [row[1] for row in trail()] == ["user.create", "user.change", "user.change"]
    entry = TrailEntry.objects.order_by("id").last()
    assert entry is not None
    assert entry.detail == {
        "before": {"role": "store", "places": ["s1"], "active": True},
        "after": {"role": "reader", "places": [], "active": False},
    }
    with pytest.raises(AccessError, match="There is no user 'eve'"):
        actions.change_user("eve", role="reader", actor="ann")


def test_a_password_is_set_anew() -> None:
    old = actions.create_user(UserRequest("bob", "reader"), actor="ann").password

    new = actions.set_password("bob", actor="ann")

    assert authenticate(username="bob", password=old) is None
    assert authenticate(username="bob", password=new) is not None
    with pytest.raises(AccessError, match="There is no user 'eve'"):
        actions.set_password("eve", actor="ann")
    assert trail()[1:] == [("ann", "user.password", "user/bob")]


def test_whoever_is_not_signed_in_has_no_rights() -> None:
    assert queries.facts_of(AnonymousUser()) == UserFacts("", "", active=False)
