"""Who looks, and what of the chain they may see."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import user_passes_test
from django.http import Http404, HttpRequest, HttpResponseBase

from onebasket.channels.pulse.figures import Viewer
from onebasket.commerce.access.queries import facts_of
from onebasket.commerce.access.rules import is_staff, reach

NOWHERE: frozenset[str] = frozenset()


def viewer_of(request: HttpRequest) -> Viewer:
    """Return the signed-in user's view of the chain; a store role sees the places that it is bound to and no other."""
    facts = facts_of(request.user)
    return Viewer(
        name=facts.username,
        role=facts.role,
        places=reach(facts, "sales.read"),
        sees_quarantine=reach(facts, "quarantine.read") != NOWHERE,
        sees_webhooks=reach(facts, "events.read") is None,
    )


def signed_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Send strangers and shoppers to log in; hand the requests of the chain's people on with their viewer."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        return view(request, viewer_of(request), *args, **kwargs)

    return user_passes_test(lambda user: is_staff(facts_of(user)), login_url="pulse:login")(guarded)


def refuse_unless(allowed: bool) -> None:  # noqa: FBT001 - the one thing that it is told
    """Answer 404 to whoever may not see a page."""
    if not allowed:
        raise Http404
