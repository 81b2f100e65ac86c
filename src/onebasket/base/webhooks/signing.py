"""A webhook's secret, derived and never stored, and the headers it signs (Standard Webhooks 1.0, symmetric)."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from standardwebhooks import Webhook as Signer

PREFIX = "whsec_"
OVERLAP = timedelta(hours=24)
"""For so long after a rotation the secret before it signs too, so that a receiver has time to change over."""


def secret_text(webhook_id: UUID, version: int) -> str:
    """Return the secret of a webhook's version, as receivers are given it: `whsec_` and 32 bytes in Base64."""
    message = f"onebasket.webhook:{webhook_id}:{version}".encode()
    digest = hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).digest()
    return PREFIX + b64encode(digest).decode()


def versions_that_sign(version: int, rotated_at: datetime | None, *, now: datetime) -> tuple[int, ...]:
    """Return the versions of the secret that sign now, the newest first: two for a day after a rotation."""
    overlaps = rotated_at is not None and now < rotated_at + OVERLAP
    return (version, version - 1) if overlaps else (version,)


def signed_headers(secrets: Sequence[str], message_id: str, *, at: datetime, body: str) -> dict[str, str]:
    """Return the three headers by which a receiver proves who sent the body, and when: a signature for each secret."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(message_id, at, body) for secret in secrets),
    }
