"""A promotion as a form shows it, and a form as a promotion: what a merchandiser types, exactly."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from onebasket.channels.desk.works.work import Refused
from onebasket.commerce.pricing.rules.checks import CAMPAIGN_PREFIX
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    Audience,
    BasketOff,
    Bundle,
    BuyGet,
    Coupon,
    FixedPrice,
    Limits,
    MultiBuy,
    PercentOff,
    Promotion,
    Saving,
    Selector,
    Stacking,
    Tier,
)
from onebasket.kernel.clock import zone
from onebasket.kernel.money import PPM, decimal_amount, parse_amount, scale_exactly

KINDS = (
    ("amount_off", "an amount off each unit"),
    ("percent_off", "percent off each unit"),
    ("fixed_price", "a fixed price for each unit"),
    ("multi_buy", "several for one price"),
    ("buy_get", "buy some, get some"),
    ("basket_off", "off the basket, from an amount on"),
)
_PERCENT_DECIMALS = 4
_HUNDRED = 100 * 10**_PERCENT_DECIMALS
Fields = Mapping[str, Any]


class FormError(ValueError):
    """A field that cannot be right, and why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def promotion_of(data: Fields, *, code: str, time_zone: str) -> Promotion | Refused:
    """Return the promotion that a form states, or which field is wrong."""
    try:
        return _promotion(data, code, time_zone)
    except FormError as error:
        return Refused(str(error), error.field)


def _promotion(data: Fields, code: str, time_zone: str) -> Promotion:
    currency = data["currency"].upper()
    segments = frozenset({CAMPAIGN_PREFIX + data["campaign"]}) if data["campaign"] else frozenset[str]()
    coupon = Coupon(data["coupon"].strip(), 1 if data["coupon_uses"] is None else data["coupon_uses"])
    without = _words(data["without"])
    groups = frozenset(name for name in without if ":" in name)
    return Promotion(
        code=code,
        name=data["name"].strip(),
        saving=_SAVINGS[data["kind"]](data, currency),
        valid_from=_instant(data["valid_from"], time_zone) or datetime.now(UTC),
        valid_to=_instant(data["valid_to"], time_zone),
        goods=Selector(
            skus=frozenset(data["skus"].replace(",", " ").split()),
            groups=_words(data["groups"]),
            everything=data["everything"],
            without_skus=without - groups,
            without_groups=groups,
        ),
        currency=currency,
        places=frozenset(data["places"].replace(",", " ").split()),
        channels=frozenset(data["channels"].replace(",", " ").split()),
        audience=Audience(data["who"], segments),
        limits=Limits(data["per_basket"] or 0, data["per_customer"] or 0),
        stacking=Stacking(
            mode=data["mode"],
            group=data["group"].strip(),
            with_card=data["with_card"],
            with_markdown=data["with_markdown"],
            with_coupons=data["with_coupons"],
        ),
        coupon=coupon if coupon.code else None,
        funder=data["funder"],
    )


def _amount_off(data: Fields, currency: str) -> Saving:
    return AmountOff(_amount(data, currency), minimum_units=data["units"] or 1)


def _percent_off(data: Fields, _currency: str) -> Saving:
    return PercentOff(_share(data), minimum_units=data["units"] or 1)


def _fixed_price(data: Fields, currency: str) -> Saving:
    return FixedPrice(_amount(data, currency), minimum_units=data["units"] or 1)


def _multi_buy(data: Fields, currency: str) -> Saving:
    return MultiBuy(_units(data, "units"), _amount(data, currency))


def _buy_get(data: Fields, _currency: str) -> Saving:
    share = _share(data) if data["percent"] else PPM
    return BuyGet(_units(data, "units"), _units(data, "get_units"), share)


def _basket_off(data: Fields, currency: str) -> Saving:
    tiers = []
    for line in filter(str.strip, data["tiers"].splitlines()):
        least, colon, off = map(str.strip, line.partition(":"))
        if not colon:
            raise FormError("tiers", f"{line!r} is not an amount, a colon, and what is off: 50.00: 5.00 or 50.00: 5%.")
        from_amount = _money(least, currency, "tiers")
        if off.endswith("%"):
            tiers.append(Tier(from_amount, share_off=_ppm(off[:-1], "tiers")))
        else:
            tiers.append(Tier(from_amount, amount_off=_money(off, currency, "tiers")))
    return BasketOff(tuple(tiers))


_SAVINGS: dict[str, Callable[[Fields, str], Saving]] = {
    "amount_off": _amount_off,
    "percent_off": _percent_off,
    "fixed_price": _fixed_price,
    "multi_buy": _multi_buy,
    "buy_get": _buy_get,
    "basket_off": _basket_off,
}


def _amount(data: Fields, currency: str) -> int:
    if not data["amount"]:
        raise FormError("amount", "Say how much.")
    return _money(data["amount"], currency, "amount")


def _money(text: str, currency: str, field: str) -> int:
    if not currency:
        raise FormError("currency", "This promotion names amounts: say in which currency, such as USD.")
    try:
        amount = parse_amount(text, currency)
    except ValueError as error:
        raise FormError(field, f"{error}.") from error
    if amount < 0:
        raise FormError(field, "What is off is stated without a minus.")
    return amount


def _share(data: Fields) -> int:
    if not data["percent"]:
        raise FormError("percent", "Say how many percent.")
    return _ppm(data["percent"], "percent")


def _ppm(text: str, field: str) -> int:
    try:
        share = scale_exactly(text, _PERCENT_DECIMALS)
    except ValueError as error:
        raise FormError(field, f"{error}.") from error
    if not 0 <= share <= _HUNDRED:
        raise FormError(field, "Between 0 and 100 percent.")
    return share


def _units(data: Fields, field: str) -> int:
    if not data[field]:
        raise FormError(field, "Say how many.")
    return int(data[field])


def _words(text: str) -> frozenset[str]:
    return frozenset(filter(None, map(str.strip, text.splitlines())))


def _instant(stated: datetime | None, time_zone: str) -> datetime | None:
    return stated.replace(tzinfo=zone(time_zone)) if stated else None


def unshown(promotion: Promotion) -> str:
    """Say what of a promotion a form cannot show, or nothing: such a promotion is changed as JSON."""
    saving = promotion.saving
    if isinstance(saving, Bundle):
        return "its parts"
    if isinstance(saving, BuyGet) and saving.get_goods is not None:
        return "the goods that one gets"
    if isinstance(saving, AmountOff) and saving.per_units > 1:
        return "how many units the amount is off"
    segments = promotion.audience.segments
    if len(segments) > 1 or any(not name.startswith(CAMPAIGN_PREFIX) for name in segments):
        return "its audience"
    return ""


def shown(promotion: Promotion, *, time_zone: str) -> dict[str, Any]:
    """Return a promotion as the form's fields; one that `unshown` speaks of loses what it says."""
    local = zone(time_zone)
    ends, coupon, stacking = promotion.valid_to, promotion.coupon, promotion.stacking
    segments = sorted(promotion.audience.segments)
    without = sorted(promotion.goods.without_skus) + sorted(promotion.goods.without_groups)
    return {
        "name": promotion.name,
        "currency": promotion.currency,
        "valid_from": promotion.valid_from.astimezone(local).replace(tzinfo=None),
        "valid_to": ends.astimezone(local).replace(tzinfo=None) if ends else None,
        "skus": "\n".join(sorted(promotion.goods.skus)),
        "groups": "\n".join(sorted(promotion.goods.groups)),
        "everything": promotion.goods.everything,
        "without": "\n".join(without),
        "places": " ".join(sorted(promotion.places)),
        "channels": " ".join(sorted(promotion.channels)),
        "who": promotion.audience.who,
        "campaign": segments[0].removeprefix(CAMPAIGN_PREFIX) if segments else "",
        "per_basket": promotion.limits.per_basket or None,
        "per_customer": promotion.limits.per_customer or None,
        "mode": stacking.mode,
        "group": stacking.group,
        "with_card": stacking.with_card,
        "with_markdown": stacking.with_markdown,
        "with_coupons": stacking.with_coupons,
        "coupon": coupon.code if coupon else "",
        "coupon_uses": coupon.uses if coupon else None,
        "funder": promotion.funder,
        **_saving_shown(promotion.saving, promotion.currency),
    }


def _saving_shown(saving: Saving, currency: str) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": str(type(saving).__struct_config__.tag)}
    if isinstance(saving, AmountOff | FixedPrice | MultiBuy):
        found["amount"] = str(decimal_amount(saving.amount, currency))
    if isinstance(saving, AmountOff | FixedPrice | PercentOff):
        found["units"] = saving.minimum_units if saving.minimum_units > 1 else None
    if isinstance(saving, PercentOff | BuyGet):
        found["percent"] = percent(saving.share)
    if isinstance(saving, MultiBuy):
        found["units"] = saving.units
    if isinstance(saving, BuyGet):
        found |= {"units": saving.buy, "get_units": saving.get}
    if isinstance(saving, BasketOff):
        found["tiers"] = "\n".join(_tier_shown(tier, currency) for tier in saving.tiers)
    return found


def _tier_shown(tier: Tier, currency: str) -> str:
    least = decimal_amount(tier.from_amount, currency)
    if tier.share_off is not None:
        return f"{least}: {percent(tier.share_off)}%"
    return f"{least}: {decimal_amount(tier.amount_off or 0, currency)}"


def percent(share: int) -> str:
    """Write parts per million as percent: 250,000 is 25, 88,750 is 8.875."""
    whole, rest = divmod(share, 10**_PERCENT_DECIMALS)
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".")
