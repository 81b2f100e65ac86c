"""A process that places orders of the shop, or does what a worker does, on the database of DATABASE_URL.

`place <first> <count>`: place orders, say so, and wait to be killed. `run [<step>]`: number, queue and send until every
letter is done; with a step, say so there the first time and wait to be killed. `race`: the same without claims, for
the control.
"""

import os
import smtplib
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from onebasket.base import relay  # Django must be set up before models are imported
from onebasket.base.letters import send_letters, sending
from onebasket.base.models import Letter
from onebasket.base.subscriptions import dispatch
from onebasket.channels.shop.mail import write_letter
from onebasket.channels.shop.own import shop_source
from onebasket.channels.workers import mailing
from onebasket.channels.workers.subscriptions import WRITING
from onebasket.commerce.access.queries import sources_by_code
from onebasket.commerce.orders.actions import CheckoutCall, check_out
from onebasket.commerce.orders.rules.baskets import Checkout, Contact
from onebasket.commerce.orders.rules.messages import OrderPlaced
from onebasket.commerce.pricing.queries.quoting import Quoted
from onebasket.commerce.pricing.rules.basket import PricedBasket, PricedLine
from tests.actions.test_baskets import opening, stands
from tests.builders import make_chain

STEPS = ("numbered", "queued", "claimed", "written", "sending", "accepted", "settled")
PATIENCE = 60.0


def say(word: str) -> None:
    """Tell the test where this process is."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def wait_to_be_killed(word: str) -> None:
    """Say where this process is, and go no further."""
    say(word)
    threading.Event().wait(PATIENCE)
    os._exit(1)


def place(first: int, count: int) -> None:
    """Place orders as the shop does; the answer to the shopper is never sent."""
    if not sources_by_code(["erp"]):
        make_chain(stock={"milk": 1_000})
    source = shop_source()
    for number in range(first, first + count):
        basket = stands(source, opening(f"b{number}", {"milk": 1}))
        lines = (PricedLine(1, "milk", 1, 199, 199, unit_amount=199),)
        priced = PricedBasket(lines, "USD", 199, 0, 0, 199, tax_included=True)
        contact = Contact("Ada", f"ada{number}@example.org", language="de")
        request = Checkout(f"c{number}", basket.id, basket.version, 199, contact)
        (order,) = check_out([CheckoutCall(source, request, basket.version, Quoted(priced))])
        assert isinstance(order, OrderPlaced), order
    wait_to_be_killed("placed")


def run(step: str = "") -> None:
    """Do what a worker does until every letter is done."""
    sending.CLAIM = timedelta(seconds=1)
    if step:
        stop_at(step)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        done = relay.number_waiting() + dispatch(WRITING) + send_letters(write_letter)
        left = Letter.objects.filter(state="pending")
        if not done and not left.exists() and Letter.objects.exists():  # another may be about to queue them
            return say("done")
        time.sleep(0 if done else 0.05)
    return say("late")


def stop_at(step: str) -> None:
    """Let this process come no further than the step."""

    def after(owner: Any, name: str) -> None:
        def acting(act: Callable[..., object], *given: object, **named: object) -> None:
            act(*given, **named)
            wait_to_be_killed(step)

        _replace(owner, name, acting)

    def before(owner: Any, name: str) -> None:
        _replace(owner, name, lambda *_given, **_named: wait_to_be_killed(step))

    if step == "numbered":
        after(relay, "number_waiting")
    elif step == "queued":  # in the transaction that moves the cursor, not committed
        after(mailing, "queue_letters")
    elif step == "claimed":
        before(sys.modules[__name__], "write_letter")
    elif step == "written":
        after(sys.modules[__name__], "write_letter")
    elif step == "sending":
        before(Path, "rename")
        before(smtplib.SMTP, "data")
    elif step == "accepted":
        before(sending, "_settle")
    else:
        after(sending, "_settle")


def _replace(owner: Any, name: str, act: Callable[..., object]) -> None:
    whole = getattr(owner, name)
    setattr(owner, name, lambda *given, **named: act(whole, *given, **named))


def race() -> None:
    """Send every letter that is due without claiming it."""

    def unclaimed() -> sending.LetterDue | None:
        row = Letter.objects.filter(state="pending").order_by("pk").first()
        if row is None:
            return None
        return sending.LetterDue(row.pk, row.key, row.kind, row.subject, row.occurred_at, row.attempts, row.due_at)

    sending.claim_next = unclaimed
    run()


if __name__ == "__main__":
    command, *given = sys.argv[1:]
    if command == "place":
        place(*map(int, given))
    else:
        run(*given) if command == "run" else race()
