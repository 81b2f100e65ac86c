"""Workers that are killed while they place and follow a partner's part.

`python -m tests.faults.shipping <part> <status> [<step>]`: do what a worker does until the part has that status and
nothing is left to do; with a step, say so there the first time, and wait to be killed.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import django
from django.db import connection

if __name__ == "__main__":
    django.setup()

from onebasket.base import relay  # Django must be set up before models are imported
from onebasket.base.letters import send_letters, sending
from onebasket.base.models import Letter
from onebasket.base.subscriptions import dispatch
from onebasket.channels.shop import mail
from onebasket.channels.workers import mailing, settling
from onebasket.channels.workers.subscriptions import WRITING
from onebasket.commerce.partners.actions import calling, driving, following, pushing, taking_in
from onebasket.commerce.partners.gateways.iop.gateway import IopGateway
from onebasket.commerce.partners.models import PartnerPart
from tests.forking import Forked

PATIENCE = 40.0
SHORT = calling.Patience(place=3.0, read=2.0, lease=0.5, start=1.0)
"""For tests alone: here a lease may be shorter than a call, for whoever had it is dead."""


@dataclass(frozen=True)
class Step:
    """A moment in a worker's life: before or after a function of an owner, once the part has a status."""

    owner: Any
    name: str
    when: str
    before: bool = False


STEPS = {
    # While it places.
    "is_due": Step(driving, "_drive", "due", before=True),
    "locked": Step(driving, "lock_part", "due"),
    "noted": Step(driving, "note_call", "due"),
    "begun": Step(driving, "call_partner", "unknown", before=True),
    "opened": Step(calling, "open_gateway", "unknown"),
    "looked_at_prices": Step(IopGateway, "read_offers", "unknown"),
    "ordered": Step(IopGateway, "_placed", "unknown", before=True),
    "confirmed": Step(IopGateway, "place_order", "unknown"),
    "called": Step(calling, "keep_tokens", "unknown"),
    "answered": Step(driving, "_finish", "unknown", before=True),
    "answer_noted": Step(driving, "note_answer", "unknown"),
    "theirs_kept": Step(taking_in, "keep_theirs", "unknown"),
    "lines_lowered": Step(taking_in, "lower_lines", "unknown"),
    "told": Step(taking_in, "tell", "placed"),
    "finished": Step(driving, "_finish", "unknown"),
    "placed": Step(driving, "_drive", "placed"),
    "numbered": Step(relay, "number_waiting", "placed"),
    "lowered": Step(settling, "settle_orders", "placed"),
    "letter_queued": Step(mailing, "queue_letters", "placed"),
    "letter_written": Step(mail, "write_letter", "placed"),
    # While it finds out what became of an order.
    "listing": Step(driving, "call_partner", "unknown", before=True),
    "listed": Step(IopGateway, "find_orders", "unknown"),
    "learning": Step(driving, "learn_from_list", "unknown", before=True),
    "learned": Step(driving, "learn_from_list", "unknown"),
    # While it follows.
    "asking": Step(following, "call_partner", "placed", before=True),
    "asked": Step(following, "_finish", "placed", before=True),
    "standing_noted": Step(following, "_note", "placed"),
    "shipped_told": Step(following, "tell", "shipped"),
    "shipped": Step(following, "_drive", "shipped"),
    "captured": Step(settling, "settle_orders", "shipped"),
    "delivered": Step(following, "tell", "delivered"),
}
PLACING = [name for name, step in STEPS.items() if step.owner is not following and not name.startswith(("list", "lea"))]
PLACING.remove("captured")
LISTING = ["listing", "listed", "learning", "learned"]
SHIPPING = ["asking", "asked", "standing_noted", "shipped_told", "shipped", "captured"]
DELIVERING = ["delivered"]


def say(word: str) -> None:
    """Tell the test where this process is."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def work(part: UUID, status: str, step: str = "") -> None:
    """Do what a worker does until the part has the status and nothing is left to do."""
    calling.PATIENCE, sending.CLAIM = SHORT, timedelta(seconds=1)
    if step:
        stop_at(part, step)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        done = relay.number_waiting() + dispatch(WRITING) + driving.place_parts() + pushing.look_into_pushes()
        done += following.follow_parts() + send_letters(mail.write_letter)
        if not done and _stands(part) == status and not Letter.objects.filter(state="pending").exists():
            return say("done")
        time.sleep(0 if done else 0.05)
    return say(f"late: {_stands(part)}")


def stop_at(part: UUID, step: str) -> None:
    """Let this process come no further than the step."""
    here = STEPS[step]
    whole: Callable[..., object] = getattr(here.owner, here.name)
    status: list[str] = []

    def act(*given: object, **named: object) -> object:
        status[:] = [_stands(part)]  # as it is committed, or as this very transaction has it so far
        if here.before and status[0] == here.when:
            wait_to_be_killed(step)
        result = whole(*given, **named)
        if not here.before and here.when in {status[0], _stands(part)}:
            wait_to_be_killed(step)
        return result

    setattr(here.owner, here.name, act)


def wait_to_be_killed(word: str) -> None:
    """Say where this process is, and go no further."""
    say(word)
    threading.Event().wait(PATIENCE)
    os._exit(1)


def _stands(part: UUID) -> str:
    return PartnerPart.objects.values_list("status", flat=True).get(pk=part)


class Workers:
    """Workers as a test uses them, on the test's own database; `home` is where their mails go."""

    def __init__(self, home: Path) -> None:
        told = connection.settings_dict
        if connection.vendor == "postgresql":
            database = f"postgresql://{told['USER']}@/{told['NAME']}?host={quote(told['HOST'], safe='')}"
        else:
            database = f"sqlite:///{told['NAME']}"
        self._environment = os.environ | {
            "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings", "ONEBASKET_HOME": str(home),
            "ONEBASKET_MAIL": "file:",
        }  # fmt: skip
        self._begun: list[Forked] = []

    def begin(self, part: UUID, status: str, *step: str) -> Forked:
        """Begin a worker."""
        self._begun.append(Forked("tests.faults.shipping", str(part), status, *step, env=self._environment))
        return self._begun[-1]

    def finish(self, part: UUID, status: str) -> None:
        """Let a worker do what is left until the part has the status."""
        said, _ = self.begin(part, status).communicate(PATIENCE)
        assert said == "done\n"

    def kill_at(self, part: UUID, status: str, step: str) -> None:
        """Begin a worker, and kill it outright where it says that it has come to the step."""
        worker = self.begin(part, status, step)
        assert worker.stdout.readline() == f"{step}\n"
        worker.kill()
        worker.communicate(PATIENCE)

    def close(self) -> None:
        """Kill what is left of them."""
        for one in self._begun:
            one.kill()


if __name__ == "__main__":
    work(UUID(sys.argv[1]), *sys.argv[2:])
