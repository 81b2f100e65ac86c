"""One key, one effect, for the single writes of the cold path: the claim, the change and its answer commit together."""

from collections.abc import Callable, Sequence

import msgspec
from django.db import transaction
from django.http import HttpResponse

from onebasket.base import inbox
from onebasket.channels.api.application import Call
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import JSON
from onebasket.channels.api.problems import refuse
from onebasket.kernel.identity import fingerprint

_encode = msgspec.json.Encoder().encode
CONFLICT = "This key was used before for another request. Use a new key for a new request."


def once(call: Call, kind: str, content: Sequence[object], *, act: Callable[[], object]) -> HttpResponse:
    """Act under the request's key and answer with what `act` returns; the same again answers the same and acts not.

    `content` is what the request asks, beside its kind. What `act` raises undoes the claim, so it is not remembered.
    """
    text = run(lambda: _once(call, kind, content, act))
    return HttpResponse(text, content_type=JSON)


def _once(call: Call, kind: str, content: Sequence[object], act: Callable[[], object]) -> str:
    with transaction.atomic():
        claim = inbox.Claim(call.caller.source_id, call.key, fingerprint([kind, *content]))
        claimed = inbox.claim(kind, [claim])
        if claimed.conflicts:
            raise refuse(409, "key_conflict", CONFLICT)
        if claimed.known:
            return claimed.known[0]
        text = _encode(act()).decode()
        inbox.settle({claimed.fresh[0]: text})
    return text
