"""A customer over all modules: history, everything that is kept about them, and its end."""

from django.http import HttpResponse

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.customers import Number, customer_id
from onebasket.channels.api.once import once
from onebasket.channels.api.paging import Page, PageQuery, after_of, page
from onebasket.channels.api.problems import ProblemError, refuse, unknown
from onebasket.channels.api.tokens import require_every_place
from onebasket.commerce.customers.actions.details import CustomerError
from onebasket.commerce.insights.actions.erasing import Rewritten, erase_rows, rewrite_messages
from onebasket.commerce.insights.queries.history import history
from onebasket.commerce.insights.queries.person import PersonExport, export_person
from onebasket.commerce.insights.rules.history import Cursor, HistoryEntry
from onebasket.commerce.insights.rules.person import Erased, EraseRefused


@endpoint(
    "GET",
    "/customers/{loyalty_number}/history",
    Contract(scope="customers:read", query=PageQuery, answers={200: Page[HistoryEntry]}, errors=(404,)),
)
def get_history(call: Call, loyalty_number: Number) -> HttpResponse:
    """List what a customer bought and ordered, over till and web and all their numbers, the newest first.

    A token that is bound to places sees what was bought there.
    """
    customer_id(loyalty_number)
    entries, following = history(
        loyalty_number, after=_cursor(after_of(call)), limit=call.query.limit, places=call.caller.places
    )
    return page(call, entries, None if following is None else (following.at, f"{following.kind}:{following.id}"))


@endpoint(
    "GET",
    "/customers/{loyalty_number}/export",
    Contract(scope="customers:read", answers={200: PersonExport}, errors=(404,)),
)
def get_export(call: Call, loyalty_number: Number) -> HttpResponse:
    """Get everything that is kept about a customer, as one document."""
    require_every_place(call.caller, "An export concerns")
    found = export_person(customer_id(loyalty_number))
    if found is None:
        raise unknown("customer")
    return reply(found, headers={"Cache-Control": "no-store"})


@endpoint(
    "POST",
    "/customers/{loyalty_number}/erase",
    Contract(scope="customers:write", answers={200: Erased}, key=True, errors=(404,)),
)
def erase_customer(call: Call, loyalty_number: Number) -> HttpResponse:
    """Erase everything personal about a customer: facts stay, and what links them to somebody goes, for good.

    Refused with 409 while an order of theirs is open.
    """
    require_every_place(call.caller, "An erasure concerns")
    rewritten = _rewritten(loyalty_number)

    def act() -> Erased:
        outcome = erase_rows(customer_id(loyalty_number), rewritten, actor=call.caller.actor)
        if isinstance(outcome, EraseRefused):
            raise refuse(409, outcome.code, outcome.message)
        return outcome

    return once(call, "customer.erase", [loyalty_number], act=act)


def _rewritten(loyalty_number: str) -> Rewritten:
    """Rewrite messages before the transaction that erases; nobody's number has none, and is refused there."""
    try:
        identity = customer_id(loyalty_number)
        return run(lambda: rewrite_messages(identity))
    except (ProblemError, CustomerError):  # erased before, or by the same request a moment ago
        return Rewritten(0, ())


def _cursor(after: tuple[str, str] | None) -> Cursor | None:
    if after is None:
        return None
    kind, _, identity = after[1].partition(":")
    return Cursor(after[0], "order" if kind == "order" else "receipt", identity)
