"""A shopper's own pages: details, addresses, consents, the card, everything as JSON, and the end of the account."""

from allauth.account.decorators import reauthentication_required
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth import logout
from django.core.mail import EmailMessage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_safe

from onebasket.base.committer import perform
from onebasket.base.languages import keep_language
from onebasket.channels.account import drawing
from onebasket.channels.account.forms import AddressForm, CardForm, ConsentForm, DeleteForm, DetailsForm
from onebasket.channels.account.members import Member, shopper
from onebasket.channels.account.posting import post
from onebasket.commerce.customers.actions.consenting import choose_consents
from onebasket.commerce.customers.actions.details import (
    CustomerError,
    add_address,
    change_address,
    change_details,
    remove_address,
)
from onebasket.commerce.customers.actions.proving import SentCode, prove_card, send_code
from onebasket.commerce.customers.rules.cards import typed_number
from onebasket.commerce.customers.rules.consents import PURPOSES, is_given
from onebasket.commerce.customers.rules.person import Details
from onebasket.commerce.insights.actions.erasing import erase_person
from onebasket.commerce.insights.queries.history import history
from onebasket.commerce.insights.queries.person import (
    as_document,
    credit_of_person,
    export_person,
    points_of_person,
)
from onebasket.commerce.insights.rules.person import EraseRefused
from onebasket.commerce.places.queries import places_by_code

NEWEST = 5
READ_OR_SEND = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@shopper
def home(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the account: who one is, the card, and what was bought last."""
    entries, _more = history(member.number, after=None, limit=NEWEST)
    numbers = member.customer.numbers
    context = {
        "page": "home",
        "member": member.customer,
        "entries": entries,
        "places": places_by_code({entry.place for entry in entries}),
        "points": points_of_person(numbers),
        "credits": credit_of_person(numbers),
    }
    return render(request, "account/home.html", context)


@READ_OR_SEND
@shopper
def details(request: HttpRequest, member: Member) -> HttpResponse:
    """Ask for name, phone and language."""
    head = member.customer.head
    begun = {"name": head.name, "phone": head.phone, "language": head.language}
    form = DetailsForm(request.POST or None, initial=begun)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        change_details(member.id, Details(told["name"], head.email, told["phone"], told["language"]))
        messages.success(request, _("Your details are saved."))
        answer = redirect("account_details")
        keep_language(answer, told["language"])
        return answer
    return render(request, "account/details.html", {"page": "details", "member": member.customer, "form": form})


@require_safe
@shopper
def addresses(request: HttpRequest, member: Member) -> HttpResponse:
    """List the addresses."""
    return render(request, "account/addresses.html", {"page": "addresses", "addresses": member.customer.addresses})


@READ_OR_SEND
@shopper
def new_address(request: HttpRequest, member: Member) -> HttpResponse:
    """Ask for a new address."""
    form = AddressForm(request.POST or None, initial={"name": member.customer.head.name})
    if request.method == "POST" and form.is_valid():
        try:
            add_address(member.id, form.address())
        except CustomerError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The address is saved."))
            return redirect("account_addresses")
    return render(request, "account/address.html", {"page": "addresses", "form": form})


@READ_OR_SEND
@shopper
def address(request: HttpRequest, member: Member, identity: int) -> HttpResponse:
    """Change or remove an address of one's own; anybody else's is not there."""
    held = next((known for known in member.customer.addresses if known.id == identity), None)
    if held is None:
        raise Http404
    if request.method == "POST" and "remove" in request.POST:
        remove_address(member.id, identity)
        messages.success(request, _("The address is removed."))
        return redirect("account_addresses")
    form = AddressForm(request.POST or None, initial={name: getattr(held, name) for name in AddressForm.base_fields})
    if request.method == "POST" and form.is_valid():
        change_address(member.id, identity, form.address())
        messages.success(request, _("The address is saved."))
        return redirect("account_addresses")
    return render(request, "account/address.html", {"page": "addresses", "form": form, "held": held})


@READ_OR_SEND
@shopper
def consents(request: HttpRequest, member: Member) -> HttpResponse:
    """Ask what may be done with one's data."""
    held = {purpose: is_given(member.customer.consents, purpose) for purpose in PURPOSES}
    form = ConsentForm(request.POST if request.method == "POST" else None, initial=held)
    if request.method == "POST" and form.is_valid():
        choose_consents(member.id, form.given())
        messages.success(request, _("Your choice holds from now on."))
        return redirect("account_consents")
    said = tuple(reversed(member.customer.consents))
    return render(request, "account/consents.html", {"page": "consents", "form": form, "said": said})


@READ_OR_SEND
@shopper
def card(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the card, and join one that somebody has already.

    Whatever is wrong about number or code, the answer is the same: nobody learns which cards there are.
    """
    form = CardForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        sending = "send" in request.POST
        if not _may_try(request, "send_code" if sending else "prove_card"):
            form.add_error(None, _("You have tried often. Wait an hour and try again."))
            status = 429
        elif sending:
            _send(typed_number(form.cleaned_data["number"]))
            messages.info(request, _("If this card has an e-mail address, a code is on its way to it."))
            return redirect("account_card")
        elif prove_card(member.id, typed_number(form.cleaned_data["number"]), form.cleaned_data["code"]):
            messages.success(request, _("The card is yours. What was bought with it is in your history."))
            return redirect("account_card")
        else:
            form.add_error(None, _("This number and this code do not go together, or the code is used up or too old."))
    shown = {"bars": drawing.bars(member.number), "qr": drawing.qr(member.number)}
    context = {"page": "card", "member": member.customer, "form": form, **shown}
    return render(request, "account/card.html", context, status=status)


@require_safe
@shopper
@reauthentication_required
def export(request: HttpRequest, member: Member) -> HttpResponse:
    """Hand out everything that is kept about the shopper, as one JSON file."""
    del request
    found = export_person(member.id)
    if found is None:
        raise Http404
    answer = HttpResponse(as_document(found), content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="onebasket.json"'
    return answer


@READ_OR_SEND
@shopper
@reauthentication_required
def delete(request: HttpRequest, member: Member) -> HttpResponse:
    """Delete the account and everything personal; what was sold stays booked, without anybody's name."""
    form = DeleteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        (outcome,) = perform(lambda _: [erase_person(member.id, actor=f"customer/{member.id}")], [None])
        if isinstance(outcome, EraseRefused):
            form.add_error(
                None,
                _("You have orders that are not done yet: %(orders)s. Collect or cancel them first.")
                % {"orders": ", ".join(outcome.orders)},
            )
        else:
            logout(request)
            return redirect("account_deleted")
    return render(request, "account/delete.html", {"page": "details", "form": form})


@require_safe
def deleted(request: HttpRequest) -> HttpResponse:
    """Say that the account is gone."""
    return render(request, "account/deleted.html")


def _may_try(request: HttpRequest, action: str) -> bool:
    return bool(ratelimit.consume(request, action=action, user=request.user))


def _send(number: str) -> None:
    code = send_code(number)
    if code is not None:
        post(_letter(code))


def _letter(code: SentCode) -> EmailMessage:
    with override(code.language or None):
        body = render_to_string("account/email/card_code_message.txt", {"code": code.code})
        return EmailMessage(str(_("Your code for your card")), body, to=[code.email])
