"""Who looks: the shopper behind a request and their customer. Nobody else's rows are ever asked for."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from msgspec import Struct

from onebasket.commerce.access.rules import SHOPPER
from onebasket.commerce.customers.actions.joining import join
from onebasket.commerce.customers.queries.reading import CustomerRead, read_customer
from onebasket.commerce.customers.rules.person import Details

View = Callable[..., HttpResponseBase]


class Member(Struct, frozen=True):
    """The customer behind an account, by id and whole."""

    id: int
    customer: CustomerRead

    @property
    def number(self) -> str:
        """Return the number that stands for all of theirs."""
        return self.customer.head.loyalty_number


def signed_in(view: View) -> View:
    """Send strangers to the shoppers' log-in; hand everybody else on. For pages that the chain's people use too."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - any view's
        if not request.user.is_authenticated:
            return _to_log_in(request)
        return view(request, *args, **kwargs)

    return never_cache(guarded)


def shopper(view: View) -> View:
    """Send strangers to log in and the chain's people to what is theirs; hand shoppers on with their customer."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 - any view's
        user: Any = request.user
        if not user.is_authenticated:
            return _to_log_in(request)
        if user.role != SHOPPER:
            return HttpResponseRedirect(reverse("mfa_index"))
        return view(request, member_of(user), *args, **kwargs)

    return never_cache(guarded)


def member_of(user: Any) -> Member:  # noqa: ANN401 - Django's user, whichever
    """Return the customer of a shopper's account, made if it is missing."""
    identity = join(user.pk, Details(user.first_name, user.email))
    customer = read_customer(identity)
    if customer is None:  # merged in this very moment
        return member_of(user)
    return Member(identity, customer)


def _to_log_in(request: HttpRequest) -> HttpResponse:
    query = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{resolve_url('account_login')}?{query}")
