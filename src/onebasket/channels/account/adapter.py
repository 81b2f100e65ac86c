"""What allauth asks us: who an account is made for, where people go, how mail leaves, how second factors are kept."""

import base64
import logging
import smtplib
from secrets import token_bytes
from typing import Any
from uuid import uuid4

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language

from onebasket.base.sealing import UnsealableError, seal, unseal
from onebasket.commerce.access.rules import SHOPPER
from onebasket.commerce.customers.actions.details import change_details
from onebasket.commerce.customers.actions.joining import join
from onebasket.commerce.customers.queries.reading import read_customer
from onebasket.commerce.customers.rules.person import Details

logger = logging.getLogger(__name__)
_PURPOSE = "second-factor"


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are for shoppers: those of the chain's people are made by its admins."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Let people sign up where their address can be verified."""
        return bool(settings.MAIL_IS_SENT)

    def populate_username(self, request: HttpRequest, user: Any) -> None:  # noqa: ANN401, ARG002 - allauth's signature
        """Name a new account by chance: shoppers have no names to guess, and lists do not show their addresses."""
        user.username = f"shopper-{uuid4().hex}"
        user.role = SHOPPER

    def login(self, request: HttpRequest, user: Any) -> None:  # noqa: ANN401 - allauth's signature
        """Sign in; a shopper becomes a customer with a card the first time."""
        super().login(request, user)
        if user.role == SHOPPER:
            join(user.pk, Details(user.first_name, user.email, language=get_language() or ""))

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Lead shoppers to their account, and everybody else to the front door."""
        user: Any = request.user
        return reverse("account_home") if user.role == SHOPPER else str(settings.LOGIN_REDIRECT_URL)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        """Lead to the same place as after a log-in."""
        return self.get_login_redirect_url(request)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - allauth's signature
        """Lead to the log-in page."""
        return reverse("account_login")

    def get_email_verification_redirect_url(self, email_address: Any) -> str:  # noqa: ANN401, ARG002 - allauth's
        """Lead to where one goes on: to the account, or to the log-in page."""
        return reverse("account_home" if self.request.user.is_authenticated else "account_login")

    def confirm_email(self, request: HttpRequest, email_address: Any) -> bool:  # noqa: ANN401 - allauth's signature
        """Verify an address; the customer is written to at the same one."""
        verified = bool(super().confirm_email(request, email_address))
        user = email_address.user
        if verified and user.role == SHOPPER and user.last_login is not None:
            identity = join(user.pk, Details(user.first_name, email_address.email))
            member = read_customer(identity)
            if member is not None:
                told = member.head
                change_details(identity, Details(told.name, email_address.email, told.phone, told.language))
        return verified

    def send_password_reset_mail(self, user: Any, email: str, context: dict[str, Any]) -> None:  # noqa: ANN401
        """Send shoppers a link; to anybody else's address the same as to one that nobody has."""
        if user.role == SHOPPER:
            super().send_password_reset_mail(user, email, context)
        else:
            signup = self.request.build_absolute_uri(reverse("account_signup"))
            self.send_mail("account/email/unknown_account", email, {"signup_url": signup})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; where none leaves, say so on a page: what was asked for can be asked for again."""
        try:
            super().send_mail(template_prefix, email, context)
        except (smtplib.SMTPException, OSError) as error:
            logger.exception("an e-mail could not be sent")
            page = render(self.request, "account/mail_failed.html", status=503)
            page["Retry-After"] = "60"
            raise ImmediateHttpResponse(page) from error


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are kept encrypted, and drawn into the page instead of loaded as pictures."""

    def encrypt(self, text: str) -> str:
        """Return the text as it is kept."""
        return seal(text, purpose=_PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        """Return what was kept; where the installation's key is another by now, a secret that nobody knows."""
        try:
            return unseal(encrypted_text, purpose=_PURPOSE)
        except UnsealableError:
            logger.warning("a second factor was kept under another ONEBASKET_SECRET_KEY: reset it")
            return base64.b32encode(token_bytes(20)).decode()

    def can_delete_authenticator(self, authenticator: Any) -> bool:  # noqa: ANN401 - allauth's signature
        """Let people go without a second factor where their role does not ask for one."""
        return authenticator.user.role not in settings.STAFF_MFA_ROLES

    def get_totp_label(self, user: Any) -> str:  # noqa: ANN401 - allauth's signature
        """Name the account in the app: shoppers by their address, others by their name."""
        return str(user.email if user.role == SHOPPER else user.username)

    def build_totp_svg(self, url: str) -> str:
        """Draw the code that an app scans, as a part of the page."""
        return str(segno.make(url, error="m").svg_inline(scale=4, border=2, dark="#000", light="#fff"))
