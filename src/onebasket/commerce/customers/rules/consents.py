"""What customers agree to: append-only statements, of which the latest of each purpose stands."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

PURPOSES: dict[str, str] = {
    "offers_email": "1",
    "offers_personal": "1",
}
"""What the chain itself asks for, with the version of the text that is shown today; sources may state others."""


class Consent(Struct, frozen=True):
    """A statement: `given` or withdrawn at an instant, after the text of this version was shown."""

    purpose: str
    given: bool
    at: datetime
    text_version: str
    stated_by: str


def standing(consents: Iterable[Consent]) -> dict[str, Consent]:
    """Return the statement that stands for each purpose: the latest; of two at one instant the one that came last."""
    found: dict[str, Consent] = {}
    for consent in consents:
        held = found.get(consent.purpose)
        if held is None or consent.at >= held.at:
            found[consent.purpose] = consent
    return found


def is_given(consents: Iterable[Consent], purpose: str) -> bool:
    """Whether a purpose is agreed to; what nobody stated is not."""
    held = standing(consents).get(purpose)
    return held is not None and held.given
