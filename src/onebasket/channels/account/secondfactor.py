"""The second factor: codes are good for one use over all processes, and a session remembers that one was given."""

import time
from typing import Any

from allauth.core import context
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.utils import decrypt, is_mfa_enabled
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode

PASSED = "onebasket_second_factor"
"""In the session: the user who gave a second factor in it."""
_LAST = "last_counter"


def wanted_page(request: HttpRequest) -> str:
    """Return the address at which somebody whose role asks for it gives a second factor; empty where all is well."""
    user: Any = request.user
    if not user.is_authenticated or user.role not in settings.STAFF_MFA_ROLES:
        return ""
    if request.session.get(PASSED) == user.pk:
        return ""
    page = reverse("mfa_reauthenticate" if is_mfa_enabled(user, [Authenticator.Type.TOTP]) else "mfa_activate_totp")
    return f"{page}?{urlencode({'next': request.get_full_path()})}"


def remember(request: HttpRequest, user: Any) -> None:  # noqa: ANN401 - Django's user, whichever
    """Remember in the session that this user gave a second factor."""
    request.session[PASSED] = user.pk


class _OnceForm:
    """A code of an app is taken once, whichever process is asked: the row keeps the last one that was used."""

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        """Check the code, and use it up."""
        code: str = super().clean_code()  # type: ignore[misc] # allauth's form stands behind this one
        if self.authenticator.type == Authenticator.Type.TOTP and not use_up(self.authenticator.pk, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(_OnceForm, base_forms.AuthenticateForm):
    """Asked while signing in."""

    def save(self) -> None:
        """Go on, and remember it."""
        super().save()
        remember(context.request, self.user)


class ReauthenticateForm(_OnceForm, base_forms.ReauthenticateForm):
    """Asked before something grave."""

    def save(self) -> None:
        """Go on, and remember it."""
        super().save()
        remember(context.request, self.user)


class Activate(ActivateTOTPView):
    """Sets up an app; its first code counts as a second factor given."""

    def form_valid(self, form: Any) -> HttpResponse:  # noqa: ANN401 - allauth's signature
        """Set it up, and remember it."""
        answer: HttpResponse = super().form_valid(form)
        remember(self.request, self.request.user)
        return answer


def use_up(authenticator_id: int, code: str, *, now: float | None = None) -> bool:
    """Use up the code of an app's present interval, or of one beside it; False when it or a later one was used."""
    present = int(time.time() if now is None else now) // app_settings.TOTP_PERIOD
    around = range(present - app_settings.TOTP_TOLERANCE, present + app_settings.TOTP_TOLERANCE + 1)
    bare = "".join(filter(str.isalnum, code))
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=authenticator_id)
        secret = decrypt(row.data["secret"])
        used = next((counter for counter in around if format_hotp_value(hotp_value(secret, counter)) == bare), None)
        if used is None or used <= row.data.get(_LAST, 0):
            return False
        row.data[_LAST] = used
        row.save(update_fields=["data"])
    return True
