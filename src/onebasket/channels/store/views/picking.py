"""Pick an order: scan, say what is not there, finish, stage."""

from functools import partial
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from onebasket.channels.store import asking
from onebasket.channels.store.associate import Associate, at_work
from onebasket.channels.store.pages import say, show
from onebasket.channels.store.words import refused_step
from onebasket.commerce.fulfilment.actions import UnknownOrderError, scan_code, stage_order
from onebasket.commerce.fulfilment.queries.picking import pick_lines, spot_of
from onebasket.commerce.fulfilment.rules.picking import PickLine, Scanned
from onebasket.commerce.hotpath.actions.asking import run
from onebasket.commerce.orders.queries.following import Followed, follow_order
from onebasket.commerce.orders.rules.life import Status, Step
from onebasket.commerce.orders.rules.messages import StepDone, StepOutcome, StepRefused

LONGEST_CODE = 64


def find_order(who: Associate, order_id: UUID) -> Followed:
    """Return an order of the place; a foreign place's answers 404."""
    found = follow_order(order_id, places=frozenset({who.at.code}))
    if found is None:
        raise Http404(_("There is no such order here."))
    return found


@require_safe
@at_work
def order(request: HttpRequest, who: Associate, order_id: UUID) -> HttpResponseBase:
    """Show an order: its lines in shelf order while it is picked, then where it stands."""
    found = find_order(who, order_id)
    lines = pick_lines(found)
    context = {
        "page": "queue",
        "order": found,
        "lines": lines,
        "left": sum(line.picked is None for line in lines),
        "done": sum(line.picked is not None for line in lines),
        "spot": spot_of(order_id),
        "picking": found.status in {Status.PLACED, Status.PICKING},
    }
    return show(request, who, "order", context)


@require_POST
@at_work
def scan(request: HttpRequest, who: Associate, order_id: UUID) -> HttpResponseBase:
    """Count what was scanned to its line; a line that is complete is picked there and then."""
    found, key = find_order(who, order_id), asking.key_of(request)
    code = request.POST.get("code", "").strip()[:LONGEST_CODE]
    if found.status not in {Status.PLACED, Status.PICKING}:
        say(request, _("This order is not being picked any more."), good=False)
        return redirect("store:order", order_id)
    scanned = run(partial(scan_code, found, code, key=key))
    _tell(request, scanned, code)
    if scanned.outcome == "complete":
        _told(request, asking.take_step(who, order_id, Step.PICK, key, lines={scanned.line: scanned.found}))
    return redirect("store:order", order_id)


@require_POST
@at_work
def line(request: HttpRequest, who: Associate, order_id: UUID) -> HttpResponseBase:
    """Pick a line with as much as was found: all of it once it was scanned, or what there is."""
    found, key = find_order(who, order_id), asking.key_of(request)
    lines = {each.line: each for each in pick_lines(found)}
    number, quantity = _whole(request, "line"), _whole(request, "quantity")
    wanted = lines.get(number)
    if wanted is None or wanted.picked is not None or quantity > wanted.promised:
        say(request, _("This line cannot be picked like that. Look at it again."), good=False)
    elif quantity and not wanted.found:
        say(request, _("Scan one of it first, so that it is the right one."), good=False)
    elif _leaves_nothing(lines, number, quantity):
        say(request, _("Nothing of this order was found: put it back, and it is cancelled."), good=False)
    else:
        _told(request, asking.take_step(who, order_id, Step.PICK, key, lines={number: quantity}))
    return redirect("store:order", order_id)


@require_POST
@at_work
def finish(request: HttpRequest, who: Associate, order_id: UUID) -> HttpResponseBase:
    """End the picking: what was found is picked, and what was not is short."""
    found, key = find_order(who, order_id), asking.key_of(request)
    partly = {each.line: each.found for each in pick_lines(found) if each.picked is None and each.found}
    if partly:
        outcome = asking.take_step(who, order_id, Step.PICK, f"{key}-found", lines=partly)
        if isinstance(outcome, StepRefused):
            _told(request, outcome)
            return redirect("store:order", order_id)
    if find_order(who, order_id).status != Status.READY:
        _told(request, asking.take_step(who, order_id, Step.FINISH_PICKING, key))
    return redirect("store:order", order_id)


@require_POST
@at_work
def stage(request: HttpRequest, who: Associate, order_id: UUID) -> HttpResponseBase:
    """Say where the picked order stands."""
    spot = " ".join(request.POST.get("spot", "").split())[:40]
    if not spot:
        say(request, _("Say where it stands."), good=False)
        return redirect("store:order", order_id)
    try:
        run(partial(stage_order, order_id, spot, actor=who.name, places=frozenset({who.at.code})))
    except UnknownOrderError as error:
        raise Http404 from error
    say(request, _("It stands at %(spot)s.") % {"spot": spot})
    return redirect("store:front")


@require_POST
@at_work
def put_back(request: HttpRequest, who: Associate, order_id: UUID) -> HttpResponseBase:
    """Cancel an order that nobody came for, or of which nothing was found, and put its goods back on the shelf."""
    found, key = find_order(who, order_id), asking.key_of(request)
    if found.status != Status.CANCELLED:
        outcome = asking.take_step(who, order_id, Step.CANCEL, key)
        if not isinstance(outcome, StepDone):
            _told(request, outcome)
            return redirect("store:order", order_id)
    if any(each.picked for each in found.lines):
        asking.take_step(who, order_id, Step.PUT_BACK, key)
    say(request, _("Order %(number)s is cancelled. Put its goods back on the shelf.") % {"number": found.number})
    return redirect("store:front")


def _whole(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else -1  # noqa: PLR2004 - as OrderStep


def _leaves_nothing(lines: dict[int, PickLine], number: int, quantity: int) -> bool:
    others = [each for each in lines.values() if each.line != number]
    return not quantity and all(each.picked == 0 for each in others)


def _tell(request: HttpRequest, scanned: Scanned, code: str) -> None:
    said = {
        "found": _("%(name)s: %(found)s found."),
        "complete": _("%(name)s: all %(found)s found."),
        "picked_before": _("%(name)s is picked already."),
        "too_much": _("%(name)s: that is more than was ordered."),
        "other_product": _("%(name)s is not in this order."),
        "unknown_code": _("Nobody knows the code %(code)s."),
    }[scanned.outcome]
    words = {"name": scanned.name, "found": scanned.found, "code": code}
    say(request, said % words, good=scanned.outcome in {"found", "complete"})


def _told(request: HttpRequest, outcome: StepOutcome) -> None:
    if not isinstance(outcome, StepDone):
        say(request, refused_step(outcome), good=False)
    elif outcome.status == Status.READY:
        say(request, _("Everything is picked. Say where it stands."))
