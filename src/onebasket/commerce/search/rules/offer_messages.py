"""What is asked of the search over offers, and what it says of the whole of them."""

from typing import Literal

import msgspec

OfferSort = Literal["relevance", "price", "price_desc"]
LONGEST_OFFER_PAGE = 96
FARTHEST_OFFER = 2_400
"""The last hit that can be paged to: every page reads what stands before it, so that no thing is told twice."""
MOST_ALIKE = 8
"""So many offers of the same thing are told with it; how many there are is counted."""


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """To what offers are narrowed, and which part of them in which order.

    `partner` is a code, `brand` as stated. Prices are inclusive, in minor units of the currency that is asked for.
    """

    partner: str = ""
    brand: str = ""
    price_from: int | None = None
    price_to: int | None = None
    sort: OfferSort = "relevance"
    offset: int = 0
    limit: int = 24


class PartnerCount(msgspec.Struct, frozen=True):
    """A partner whose offers are found, and how many, under every narrowing but that to a partner."""

    code: str
    name: str
    count: int
    chosen: bool = False
