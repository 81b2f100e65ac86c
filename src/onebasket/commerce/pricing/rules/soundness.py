"""What is wrong with a promotion before it goes live, said so that a merchandiser can mend it."""

from collections.abc import Callable
from datetime import datetime
from functools import singledispatch

from onebasket.commerce.pricing.rules.book import EARLIEST, LATEST
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    BasketOff,
    Bundle,
    BuyGet,
    FixedPrice,
    MultiBuy,
    PercentOff,
    Promotion,
    Saving,
    Selector,
    Tier,
)
from onebasket.kernel.money import currencies

MOST_TIERS = 20
MOST_PARTS = 10


def problem(promotion: Promotion) -> str:
    """Say what is wrong with a promotion, or nothing."""
    return next(filter(None, (check(promotion) for check in _CHECKS)), "")


def selects_something(goods: Selector) -> bool:
    """Whether a selector can cover any goods at all."""
    return goods.everything or bool(goods.skus or goods.groups)


def _validity(promotion: Promotion) -> str:
    if found := _instant("valid_from", promotion.valid_from):
        return found
    if promotion.valid_to is None:
        return ""
    if promotion.valid_to <= promotion.valid_from:
        return "valid_to: a promotion ends after it begins. Give a later valid_to, or none."
    return _instant("valid_to", promotion.valid_to)


def _instant(name: str, instant: datetime) -> str:
    if EARLIEST <= instant < LATEST:
        return ""
    return f"{name}: {instant.isoformat()} lies outside the years {EARLIEST.year} to {LATEST.year - 1}. Correct it."


def _currency(promotion: Promotion) -> str:
    if promotion.currency:
        if promotion.currency in currencies():
            return ""
        return f"currency: {promotion.currency!r} is no ISO 4217 currency code, such as USD."
    if _states_amount(promotion.saving):
        return "currency: amounts need one, such as USD."
    return ""


def _states_amount(saving: Saving) -> bool:
    if isinstance(saving, Bundle):
        return saving.share_off is None
    return not isinstance(saving, PercentOff | BuyGet)


def _goods(promotion: Promotion) -> str:
    if isinstance(promotion.saving, Bundle):
        if promotion.goods != Selector():
            return "goods: a bundle's goods stand in its parts. Leave goods empty."
        return ""
    if not selects_something(promotion.goods):
        return "goods: nothing is selected. Name SKUs or groups, or choose everything."
    return ""


def _saving(promotion: Promotion) -> str:
    return _saving_problem(promotion.saving)


@singledispatch
def _saving_problem(saving: Saving) -> str:
    raise TypeError(type(saving))


@_saving_problem.register
def _(saving: AmountOff) -> str:
    if saving.amount < 1:
        return "saving.amount: nothing is taken off. Give at least one minor unit."
    if saving.per_units > 1 and saving.minimum_units > 1:
        return "saving.minimum_units: with per_units above 1 it says nothing. Leave it 1."
    return ""


@_saving_problem.register
def _(saving: PercentOff) -> str:
    return _share("saving.share", saving.share)


@_saving_problem.register
def _(_saving: FixedPrice) -> str:
    return ""


@_saving_problem.register
def _(saving: MultiBuy) -> str:
    return "" if saving.units > 1 else "saving.units: a multi-buy is of two or more. Use a fixed price for one."


@_saving_problem.register
def _(saving: BuyGet) -> str:
    if saving.get_goods is not None and not selects_something(saving.get_goods):
        return "saving.get_goods: nothing is selected. Name SKUs or groups, or leave it out."
    return _share("saving.share", saving.share)


@_saving_problem.register
def _(saving: Bundle) -> str:
    if not 1 <= len(saving.parts) <= MOST_PARTS:
        return f"saving.parts: a bundle has 1 to {MOST_PARTS} parts."
    for number, part in enumerate(saving.parts):
        if not selects_something(part.goods):
            return f"saving.parts[{number}].goods: nothing is selected. Name SKUs or groups, or choose everything."
    if sum(part.units for part in saving.parts) < 2:  # noqa: PLR2004 - two make a bundle
        return "saving.parts: a bundle is of two or more units. Use a fixed price for one."
    stated = [saving.price, saving.amount_off, saving.share_off]
    if stated.count(None) != 2:  # noqa: PLR2004 - one of the three is stated
        return "saving: state one of price, amount_off and share_off."
    if saving.amount_off == 0:
        return "saving.amount_off: nothing is taken off. Give at least one minor unit."
    return "" if saving.share_off is None else _share("saving.share_off", saving.share_off)


@_saving_problem.register
def _(saving: BasketOff) -> str:
    if not 1 <= len(saving.tiers) <= MOST_TIERS:
        return f"saving.tiers: a basket promotion has 1 to {MOST_TIERS} tiers."
    amounts = [tier.from_amount for tier in saving.tiers]
    if sorted(set(amounts)) != amounts:
        return "saving.tiers: state each from_amount once, the lowest first."
    return next(filter(None, (_tier(number, tier) for number, tier in enumerate(saving.tiers))), "")


def _tier(number: int, tier: Tier) -> str:
    name = f"saving.tiers[{number}]"
    if (tier.amount_off is None) == (tier.share_off is None):
        return f"{name}: state one of amount_off and share_off."
    if tier.share_off is not None:
        return _share(f"{name}.share_off", tier.share_off)
    if not tier.amount_off:
        return f"{name}.amount_off: nothing is taken off. Give at least one minor unit."
    if tier.amount_off > tier.from_amount:
        return f"{name}.amount_off: {tier.amount_off} is more than the goods cost. Give at most from_amount."
    return ""


def _share(name: str, share: int) -> str:
    return "" if share else f"{name}: nothing is taken off. Give a share in parts per million: 10 % is 100000."


def _stacking(promotion: Promotion) -> str:
    saving, stacking = promotion.saving, promotion.stacking
    if stacking.mode == "stackable" and not isinstance(saving, AmountOff | PercentOff | BasketOff):
        return "stacking.mode: only an amount, a share or a basket promotion comes on top of others. Choose ordinary."
    if not stacking.with_coupons and (stacking.mode == "stackable" or isinstance(saving, BasketOff)):
        return "stacking.with_coupons: only ordinary promotions of goods shut coupons out. Leave it on."
    return ""


def _limits(promotion: Promotion) -> str:
    least = getattr(promotion.saving, "minimum_units", 1)
    most = promotion.limits.per_basket
    if promotion.stacking.mode != "stackable" and 0 < most < least:
        return f"limits.per_basket: {most} is below minimum_units {least}, so it would never apply. Raise it."
    return ""


_CHECKS: tuple[Callable[[Promotion], str], ...] = (_validity, _currency, _goods, _saving, _stacking, _limits)
