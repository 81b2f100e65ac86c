"""How items that make or load balances are taken in: claimed by key, decided, settled, answered; no code is kept.

A code is made of the account's seed and the installation's secret key. So it need not be kept to be told again to the
sender whose answer was lost, and whoever reads the database alone learns no code.
"""

import hmac
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction

from onebasket.base import inbox
from onebasket.base.clock import database_now
from onebasket.commerce.access.rules import SourceItem, key_problem, shape_problem
from onebasket.commerce.payments.models import BalanceAccount
from onebasket.commerce.payments.rules.codes import SECRET_BYTES, code_digest, code_of, written
from onebasket.commerce.payments.rules.messages import Issued
from onebasket.kernel.identity import fingerprint

Item = TypeVar("Item", bound=SourceItem)
Act = Callable[[Sequence[Item], datetime], Sequence[Issued]]

CONFLICT = Issued("conflict", "This key was used before for other content, which stands. Use a key of its own.")
_decode = msgspec.json.Decoder(Issued).decode


def take_in(kind: str, source_id: int, items: Sequence[Item], *, act: Act[Item]) -> list[Issued]:
    """Act on the items that are new, in one transaction; return one outcome for each item, in order.

    The same source and key again returns the first outcome, with the code that was made for it.
    """
    unfit = {index: problem for index, item in enumerate(items) if (problem := key_problem(item.key))}
    fit = [items[index] for index in range(len(items)) if index not in unfit]
    with transaction.atomic():
        now = database_now()
        claims = [inbox.Claim(source_id, item.key, fingerprint((kind, item))) for item in fit]
        claimed = inbox.claim(kind, claims)
        decided = _decide([(at, fit[at]) for at in sorted(claimed.fresh)], act, now=now)
        kept = {
            claimed.fresh[at]: msgspec.json.encode(msgspec.structs.replace(outcome, code="")).decode()
            for at, outcome in decided.items()
        }
        inbox.settle(kept)
        answered = inbox.answer(claimed, decided, count=len(fit), decode=_decode, conflict=lambda _: CONFLICT)
        told = iter(_with_codes(answered))
    return [Issued("invalid", unfit[index]) if index in unfit else next(told) for index in range(len(items))]


def _decide(fresh: Sequence[tuple[int, Item]], act: Act[Item], *, now: datetime) -> dict[int, Issued]:
    problems = {at: shape_problem(item) for at, item in fresh}
    sound = [(at, item) for at, item in fresh if not problems[at]]
    outcomes = act([item for _, item in sound], now)
    decided = {at: Issued("invalid", problem) for at, problem in problems.items() if problem}
    return decided | {at: outcome for (at, _), outcome in zip(sound, outcomes, strict=True)}


def _with_codes(answered: Sequence[Issued]) -> list[Issued]:
    """Add the codes that were made before and are not kept."""
    again = [one.account for one in answered if one.outcome == "issued" and not one.code]
    rows = BalanceAccount.objects.filter(pk__in=again).values_list("pk", "seed", "code_digest") if again else ()
    codes = {identity: (code_from(seed), digest) for identity, seed, digest in rows}
    # None where the secret key has changed since: the code of then cannot be made any more.
    found = {identity: written(code) for identity, (code, digest) in codes.items() if code_digest(code) == digest}
    return [msgspec.structs.replace(one, code=one.code or found.get(one.account, "")) for one in answered]


def code_from(seed: UUID) -> str:
    """Return the code of an account's seed, without hyphens."""
    message = f"onebasket.balance:{seed}".encode()
    return code_of(hmac.new(settings.SECRET_KEY.encode(), message, sha256).digest()[:SECRET_BYTES])
