"""What a promotion is, as data: which goods, what it gives, to whom, where, when, how often, and beside what else.

Every amount is in minor units of the promotion's currency, every share in parts per million (25 % is 250,000). A share
is taken of the price that the unit has before promotions, so shares do not compound and their order does not matter.
A coupon is a promotion that needs a code to be presented.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from onebasket.commerce.pricing.rules.basket import FunderName
from onebasket.kernel.money import MAX_AMOUNT, PPM

Instant = Annotated[datetime, Meta(tz=True)]
Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
Share = Annotated[int, Meta(ge=0, le=PPM)]
Units = Annotated[int, Meta(ge=1, le=1_000)]
Times = Annotated[int, Meta(ge=0, le=1_000_000)]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=200)]
Codes = frozenset[Code]
Groups = frozenset[Annotated[str, Meta(min_length=1, max_length=160)]]


class Selector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods by SKU or group, or `everything`; what is named in `without_…` is left out whatever else names it."""

    skus: Codes = frozenset()
    groups: Groups = frozenset()
    everything: bool = False
    without_skus: Codes = frozenset()
    without_groups: Groups = frozenset()


class AmountOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="amount_off", tag_field="kind"):
    """`amount` off every `per_units` units (a weighed line: off each unit of its measure), from `minimum_units` on."""

    amount: Amount
    per_units: Units = 1
    minimum_units: Units = 1


class PercentOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="percent_off", tag_field="kind"):
    """`share` off each unit, rounded for each unit half up, from `minimum_units` on."""

    share: Share
    minimum_units: Units = 1


class FixedPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="fixed_price", tag_field="kind"):
    """Each unit costs `amount` (a weighed line: each unit of its measure), from `minimum_units` on."""

    amount: Amount
    minimum_units: Units = 1


class MultiBuy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="multi_buy", tag_field="kind"):
    """`units` for `amount`: 3 for $5."""

    units: Units
    amount: Amount


class BuyGet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="buy_get", tag_field="kind"):
    """Of `buy` + `get` units the cheapest `get` have `share` off; or, with `get_goods`, so many of those goods."""

    buy: Units
    get: Units
    share: Share = PPM
    get_goods: Selector | None = None


class BundlePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`units` of some goods: a part of a bundle."""

    goods: Selector
    units: Units = 1


class Bundle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bundle", tag_field="kind"):
    """Mix and match: so many of each part together for `price`, with `amount_off`, or with `share_off`: one of them."""

    parts: tuple[BundlePart, ...]
    price: Amount | None = None
    amount_off: Amount | None = None
    share_off: Share | None = None


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `from_amount` on `amount` off, or `share_off`: one of the two."""

    from_amount: Amount
    amount_off: Amount | None = None
    share_off: Share | None = None


class BasketOff(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="basket_off", tag_field="kind"):
    """Off what the goods come to, by the highest tier reached; both are of the prices before promotions."""

    tiers: tuple[Tier, ...]


Saving = AmountOff | PercentOff | FixedPrice | MultiBuy | BuyGet | Bundle | BasketOff


class Audience(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom it is for; with `segments` only who is in one of them, such as the households of a campaign."""

    who: Literal["everyone", "members", "staff"] = "everyone"
    segments: Codes = frozenset()


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often at most, 0 for no limit: a set counts once, and so does a unit where it is given for each unit."""

    per_basket: Times = 0
    per_customer: Times = 0


class Stacking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it goes with.

    A unit takes part in one `ordinary` or `exclusive` promotion at most; `stackable` ones come on top of ordinary ones
    and of one another, never on units of an exclusive one. Of basket promotions one ordinary applies, with the
    stackable ones, or an exclusive one alone. Of one `group` a single promotion applies in a basket.
    Without `with_card` or `with_markdown` its units are priced from the shelf price instead of the card's or the
    label's; a stackable or basket one leaves goods at such a price alone. Without `with_coupons` its units take no
    stackable coupon.
    """

    mode: Literal["ordinary", "exclusive", "stackable"] = "ordinary"
    group: Annotated[str, Meta(max_length=64)] = ""
    with_card: bool = True
    with_markdown: bool = False
    with_coupons: bool = True


class Coupon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must be presented: `code` as scanned or typed; each time is good for so many `uses`, 0 for any number."""

    code: Code
    uses: Times = 1


class Promotion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A promotion, valid in [valid_from, valid_to); without places or channels at all of them. `code` is its identity.

    A bundle's goods stand in its parts, and `goods` selects nothing. A manufacturer's stackable coupon is a receivable:
    it stays in the tax base, and what it takes off may exceed the line.
    """

    code: Code
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    saving: Saving
    valid_from: Instant
    goods: Selector = Selector()
    valid_to: Instant | None = None
    currency: Annotated[str, Meta(max_length=3)] = ""
    places: Codes = frozenset()
    channels: Codes = frozenset()
    audience: Audience = Audience()
    limits: Limits = Limits()
    stacking: Stacking = Stacking()
    coupon: Coupon | None = None
    funder: FunderName = "retailer"


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Promotion)


def encode_promotion(promotion: Promotion) -> bytes:
    """Write a promotion as JSON, the same bytes for the same promotion."""
    return _ENCODER.encode(promotion)


def decode_promotion(content: bytes | str) -> Promotion:
    """Read what `encode_promotion` wrote; msgspec.ValidationError says what is wrong in it."""
    return _DECODER.decode(content)
