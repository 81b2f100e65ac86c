"""Accounts in tests: shoppers who signed up, mail that came, apps that show codes."""

import re
import time
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client

from onebasket.commerce.access.actions.signing_in import TRIES
from onebasket.commerce.access.models import User

PASSWORD = "correct-horse-battery"
WEAK_HASH = make_password(PASSWORD)
"""Hashed once: Argon2 takes its time on purpose."""
_LINK = re.compile(r"https?://testserver(/account/\S+)")


def forget_tries() -> None:
    """Let nobody wait for what another test tried."""
    cache.clear()
    TRIES.clear()


def shopper(email: str = "ann@shop.example", *, verified: bool = True, **fields: Any) -> User:
    """Make a shopper's account, as signing up leaves it."""
    user = User.objects.create(username=f"shopper-{email}", email=email, role="shopper", password=WEAK_HASH, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def staff(username: str = "boss", role: str = "admin", **fields: Any) -> User:
    """Make one of the chain's people."""
    return User.objects.create(username=username, role=role, password=WEAK_HASH, is_staff=True, **fields)


def signed_in(user: User, **options: Any) -> Client:
    """Return a browser in which somebody is signed in."""
    client = Client(**options)
    client.force_login(user, backend="onebasket.channels.account.signing.ShopperBackend")
    return client


def log_in(client: Client, email: str, password: str = PASSWORD, **more: str) -> Any:
    """Log in on the shoppers' page."""
    return client.post("/account/login/", {"login": email, "password": password, **more})


def letter(number: int = -1) -> EmailMessage:
    """Return a mail that was sent, the last one unless told."""
    return mail.outbox[number]


def link_in(message: EmailMessage) -> str:
    """Return the address of the link in a mail."""
    found = _LINK.search(str(message.body))
    assert found, message.body
    return found.group(1)


def equip(user: User) -> str:
    """Give somebody an app as second factor; return its secret."""
    return decrypt(TOTP.activate(user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").instance.data["secret"])


def code_of(user: User, *, away: int = 0) -> str:
    """Return the code that somebody's app shows now, or so many intervals away."""
    secret = decrypt(Authenticator.objects.get(user=user, type="totp").data["secret"])
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + away))


def reauthenticated(client: Client, address: str) -> Any:
    """Ask for a page that wants the password again, and say it."""
    asked = client.get(address)
    assert asked.status_code == 302, asked
    return client.post(asked.headers["Location"], {"password": PASSWORD}, follow=False)
