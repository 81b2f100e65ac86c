"""The journal as tests read it: entries in words, what accounts come to, and the turn that fills it."""

from collections import defaultdict

from onebasket.base.models import ParkedEvent
from onebasket.base.relay import number_waiting
from onebasket.base.subscriptions import dispatch
from onebasket.channels.workers.subscriptions import WRITING
from onebasket.commerce.books.models import Entry, Posting
from onebasket.commerce.books.rules.accounts import Account
from onebasket.commerce.places.models import Place
from onebasket.commerce.sales.actions.journalising import journalise_all
from onebasket.project.auditing import audit

Lines = list[tuple[str, str, int]]


def run() -> None:
    """Number what was told, act on it until nothing is left, and journalise the receipts."""
    while number_waiting() + dispatch(WRITING):
        pass
    journalise_all()
    assert list(ParkedEvent.objects.values_list("type", "reason")) == []


def posted(fact: str) -> dict[str, Lines]:
    """Return the entries of a fact by place and kind."""
    codes = dict(Place.objects.values_list("pk", "code"))
    found: dict[str, Lines] = {}
    for entry in Entry.objects.filter(fact=fact).order_by("pk"):
        rows = Posting.objects.filter(entry=entry).order_by("line").values_list("account", "part", "amount")
        lines = [(Account(account).name, part, amount) for account, part, amount in rows]
        found[f"{codes[entry.place_id]} {entry.kind}"] = lines
    return found


def of_kind(kind: str) -> list[Lines]:
    """Return the lines of all entries of a kind."""
    facts = Entry.objects.filter(kind=kind).order_by("pk").values_list("fact", flat=True)
    return [lines for fact in facts for name, lines in posted(fact).items() if name.endswith(f" {kind}")]


def stands() -> dict[str, int]:
    """Return what each part of an account comes to, where that is not zero; places' takings by place."""
    codes = dict(Place.objects.values_list("pk", "code"))
    sums: dict[str, int] = defaultdict(int)
    for account, part, place, amount in Posting.objects.values_list("account", "part", "place_id", "amount"):
        name = Account(account).name
        sums[f"{name} {part} {codes[place]}" if name == "TAKINGS" else f"{name} {part}".strip()] += amount
    return {name: amount for name, amount in sorted(sums.items()) if amount}


def wrong() -> list[tuple[str, tuple[str, ...]]]:
    """Return what the audit finds, with examples."""
    return [(finding.check, finding.examples) for finding in audit() if finding.differences]
