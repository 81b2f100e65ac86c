"""Tickets of links to partners: sealed, never the same twice, and of no use once a character of them is changed."""

import string
from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebasket.commerce.partners.rules.tickets import LIFE, NONCE_BYTES, Opened, Ticket, is_expired, pack, unpack

SECRET = "a secret of the installation, long enough for a test"
SHOWN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TICKET = Ticket(42, "shop", 7, "paula.picker", SHOWN)
ALPHABET = string.ascii_letters + string.digits + "-_"


def packed(ticket: Ticket = TICKET, *, nonce: bytes = bytes(NONCE_BYTES), secret: str = SECRET) -> str:
    return pack(ticket, nonce=nonce, secret=secret)


def test_a_ticket_opens_to_what_was_packed() -> None:
    opened = unpack(packed(), secret=SECRET)
    assert opened is not None
    assert opened.ticket == TICKET
    assert (len(opened.serial), len(opened.click)) == (32, 32)
    assert opened.serial != opened.click


tickets = st.builds(
    Ticket,
    st.integers(1, 2**63 - 1),
    st.text(max_size=16),
    st.integers(0, 2**63 - 1),
    st.text(max_size=150),
    st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)


@given(tickets, st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES))
def test_every_ticket_opens_as_it_was_and_needs_no_quoting(ticket: Ticket, nonce: bytes) -> None:
    text = packed(ticket, nonce=nonce)
    assert set(text) <= set(ALPHABET)
    opened = unpack(text, secret=SECRET)
    assert opened is not None
    assert opened.ticket == ticket


@given(st.data())
def test_a_changed_character_opens_nothing(data: st.DataObject) -> None:
    text = packed(nonce=data.draw(st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)))
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([one for one in ALPHABET + "=+/ .é\x00" if one != text[at]]))
    assert unpack(text[:at] + other + text[at + 1 :], secret=SECRET) is None


def test_every_other_last_character_opens_nothing() -> None:
    """The bits of the last character that say nothing are where a careless reader lets a second text in."""
    # A third of all lengths leaves such bits: these are of each of the three.
    for channel in ("s", "sh", "sho"):
        text = packed(Ticket(42, channel, 7, "", SHOWN))
        assert unpack(text, secret=SECRET) is not None
        assert [one for one in ALPHABET if unpack(text[:-1] + one, secret=SECRET)] == [text[-1]]


def test_negative_control_another_last_character_says_the_same() -> None:
    """The test above can fail: to base64 alone the altered text is the very ticket."""
    counts = []
    for channel in ("s", "sh", "sho"):
        text = packed(Ticket(42, channel, 7, "", SHOWN))
        padding = "=" * (-len(text) % 4)
        meant = b64decode(text + padding, "-_")
        counts.append(sum(b64decode(text[:-1] + one + padding, "-_") == meant for one in ALPHABET))
    assert sorted(counts) == [1, 4, 16]


@given(st.data())
def test_a_cut_or_longer_text_opens_nothing(data: st.DataObject) -> None:
    text = packed()
    cut = data.draw(st.integers(0, len(text) - 1))
    assert unpack(text[:cut], secret=SECRET) is None
    assert unpack(text + data.draw(st.text(ALPHABET + "=", min_size=1, max_size=9)), secret=SECRET) is None


@pytest.mark.parametrize("text", ["", "a", "=", "====", "A" * 64, "A" * 599, "A" * 100_000, "é" * 60, "\x00" * 64])
def test_what_is_no_ticket_opens_nothing(text: str) -> None:
    assert unpack(text, secret=SECRET) is None


def test_another_installation_opens_nothing() -> None:
    assert unpack(packed(), secret=SECRET + "!") is None


def test_the_text_tells_nothing_of_what_is_in_it() -> None:
    first, second = packed(), packed(nonce=b"another one!")
    assert len(first) == len(second) == 72
    assert first[16:] != second[16:]
    assert "paula" not in first
    ids = [unpack(text, secret=SECRET) for text in (first, second)]
    assert len({one.serial for one in ids if one} | {one.click for one in ids if one}) == 4


def test_the_shortest_ticket_is_short() -> None:
    assert len(packed(Ticket(1_000_000, "shop", 31, "", SHOWN))) == 62


def test_the_same_nonce_names_the_same_click() -> None:
    def opened(secret: str) -> Opened:
        found = unpack(packed(secret=secret), secret=secret)
        assert found is not None
        return found

    assert opened(SECRET) == opened(SECRET)
    assert opened(SECRET).click != opened(SECRET + "2").click


def test_a_link_leads_on_for_thirty_days() -> None:
    assert not is_expired(TICKET, now=SHOWN + LIFE - timedelta(seconds=1))
    assert is_expired(TICKET, now=SHOWN + LIFE)
