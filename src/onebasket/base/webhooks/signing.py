"""A webhook's secret, derived and never stored, and the headers it signs (Standard Webhooks 1.0, symmetric)."""

import hashlib
import hmac
from base64 import b64encode
from datetime import datetime
from uuid import UUID

from django.conf import settings
from standardwebhooks import Webhook as Signer

PREFIX = "whsec_"


def secret_text(webhook_id: UUID, version: int) -> str:
    """Return the secret of a webhook's version, as receivers are given it: `whsec_` and 32 bytes in Base64."""
    message = f"onebasket.webhook:{webhook_id}:{version}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return PREFIX + b64encode(digest).decode()


def signed_headers(secret: str, message_id: str, *, at: datetime, body: str) -> dict[str, str]:
    """Return the three headers by which a receiver proves who sent the body, and when."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Signer(secret).sign(message_id, at, body),
    }
