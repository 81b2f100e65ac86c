"""A payment's life as a table: what is open from where, and nothing else."""

import pytest

from onebasket.commerce.payments.rules.life import TRANSITIONS, Status, Step, after

OPEN = {
    "pending": {"ask": "unknown", "capture": "captured", "reverse": "reversed", "replace": "pending"},
    "unknown": {
        "withdraw": "pending", "authorise": "authorised", "refuse": "refused", "capture": "captured",
        "reverse": "reversed", "expire": "expired",
    },
    "authorised": {"ask": "unknown", "capture": "captured", "reverse": "reversed", "expire": "expired"},
    "refused": {"ask": "unknown", "reverse": "reversed", "replace": "pending"},
    "expired": {"ask": "unknown", "reverse": "reversed", "replace": "pending"},
    "captured": {},
    "reversed": {},
}  # fmt: skip


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("step", Step)
def test_the_table(status: Status, step: Step) -> None:
    assert after(status, step) == OPEN[status].get(step)


def test_nothing_is_asked_while_it_is_unknown() -> None:
    assert after(Status.UNKNOWN, Step.ASK) is None


def test_what_is_captured_or_reversed_stays_so() -> None:
    assert [origin for origin, _ in TRANSITIONS if origin in {Status.CAPTURED, Status.REVERSED}] == []
