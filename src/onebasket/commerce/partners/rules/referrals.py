"""A referral's life, and what is counted of offers that are shown."""

from datetime import date

import msgspec


class ShownCount(msgspec.Struct, frozen=True):
    """How often an offer was shown on a day, by channel and place (0: none was chosen)."""

    day: date
    offer_id: int
    channel: str
    place_id: int
    shown: int
