"""Promotions as data: stored and read back the same, and what is wrong with unsound ones."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given

from onebasket.commerce.pricing.rules.compiling import compile_promotions
from onebasket.commerce.pricing.rules.promotions import (
    AmountOff,
    BasketOff,
    Bundle,
    BundlePart,
    BuyGet,
    Coupon,
    FixedPrice,
    Limits,
    MultiBuy,
    PercentOff,
    Promotion,
    Selector,
    Stacking,
    Tier,
    decode_promotion,
    encode_promotion,
)
from onebasket.commerce.pricing.rules.soundness import problem
from tests.rules.pricing_cases import EVERYTHING, promotions, skus

SOUND = Promotion(
    code="p",
    name="A tenth off",
    saving=PercentOff(100_000),
    goods=EVERYTHING,
    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
)
PARTS = (BundlePart(skus("soup")), BundlePart(skus("bread")))

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "ends before it begins": (
        {"valid_to": datetime(2026, 1, 1, tzinfo=UTC)},
        "valid_to: a promotion ends after it begins. Give a later valid_to, or none.",
    ),
    "begins long ago": (
        {"valid_from": datetime(1066, 1, 1, tzinfo=UTC)},
        "valid_from: 1066-01-01T00:00:00+00:00 lies outside the years 1970 to 8999. Correct it.",
    ),
    "ends in another age": (
        {"valid_to": datetime(9500, 1, 1, tzinfo=UTC)},
        "valid_to: 9500-01-01T00:00:00+00:00 lies outside the years 1970 to 8999. Correct it.",
    ),
    "an unknown currency": ({"currency": "XYZ"}, "currency: 'XYZ' is no ISO 4217 currency code, such as USD."),
    "an amount without a currency": ({"saving": AmountOff(100)}, "currency: amounts need one, such as USD."),
    "a tier without a currency": (
        {"saving": BasketOff((Tier(100, share_off=100_000),))},
        "currency: amounts need one, such as USD.",
    ),
    "no goods": ({"goods": Selector()}, "goods: nothing is selected. Name SKUs or groups, or choose everything."),
    "only goods left out": (
        {"goods": Selector(without_skus=frozenset({"soup"}))},
        "goods: nothing is selected. Name SKUs or groups, or choose everything.",
    ),
    "nothing off": (
        {"saving": AmountOff(0), "currency": "USD"},
        "saving.amount: nothing is taken off. Give at least one minor unit.",
    ),
    "no share off": (
        {"saving": PercentOff(0)},
        "saving.share: nothing is taken off. Give a share in parts per million: 10 % is 100000.",
    ),
    "a least number of sets": (
        {"saving": AmountOff(100, per_units=3, minimum_units=2), "currency": "USD"},
        "saving.minimum_units: with per_units above 1 it says nothing. Leave it 1.",
    ),
    "a multi-buy of one": (
        {"saving": MultiBuy(1, 100), "currency": "USD"},
        "saving.units: a multi-buy is of two or more. Use a fixed price for one.",
    ),
    "nothing to get": (
        {"saving": BuyGet(1, 1, get_goods=Selector())},
        "saving.get_goods: nothing is selected. Name SKUs or groups, or leave it out.",
    ),
    "a bundle of nothing": (
        {"saving": Bundle((), price=100), "goods": Selector(), "currency": "USD"},
        "saving.parts: a bundle has 1 to 10 parts.",
    ),
    "a bundle of one": (
        {"saving": Bundle(PARTS[:1], price=100), "goods": Selector(), "currency": "USD"},
        "saving.parts: a bundle is of two or more units. Use a fixed price for one.",
    ),
    "a bundle with empty parts": (
        {"saving": Bundle((PARTS[0], BundlePart(Selector())), price=100), "goods": Selector(), "currency": "USD"},
        "saving.parts[1].goods: nothing is selected. Name SKUs or groups, or choose everything.",
    ),
    "a bundle with goods": (
        {"saving": Bundle(PARTS, price=100), "currency": "USD"},
        "goods: a bundle's goods stand in its parts. Leave goods empty.",
    ),
    "a bundle at two prices": (
        {"saving": Bundle(PARTS, price=100, share_off=100_000), "goods": Selector(), "currency": "USD"},
        "saving: state one of price, amount_off and share_off.",
    ),
    "a bundle at none": (
        {"saving": Bundle(PARTS), "goods": Selector(), "currency": "USD"},
        "saving: state one of price, amount_off and share_off.",
    ),
    "no tiers": (
        {"saving": BasketOff(()), "currency": "USD"},
        "saving.tiers: a basket promotion has 1 to 20 tiers.",
    ),
    "tiers out of order": (
        {"saving": BasketOff((Tier(200, 10), Tier(100, 20))), "currency": "USD"},
        "saving.tiers: state each from_amount once, the lowest first.",
    ),
    "a tier of two kinds": (
        {"saving": BasketOff((Tier(100, 10, 100_000),)), "currency": "USD"},
        "saving.tiers[0]: state one of amount_off and share_off.",
    ),
    "a tier that is worth more than its goods": (
        {"saving": BasketOff((Tier(100, 10), Tier(200, 201))), "currency": "USD"},
        "saving.tiers[1].amount_off: 201 is more than the goods cost. Give at most from_amount.",
    ),
    "a multi-buy on top": (
        {"saving": MultiBuy(2, 100), "currency": "USD", "stacking": Stacking(mode="stackable")},
        "stacking.mode: only an amount, a share or a basket promotion comes on top of others. Choose ordinary.",
    ),
    "a basket promotion that shuts coupons out": (
        {
            "saving": BasketOff((Tier(100, 10),)),
            "currency": "USD",
            "stacking": Stacking(with_coupons=False),
        },
        "stacking.with_coupons: only ordinary promotions of goods shut coupons out. Leave it on.",
    ),
    "a limit below the least number": (
        {"saving": PercentOff(100_000, minimum_units=5), "limits": Limits(per_basket=3)},
        "limits.per_basket: 3 is below minimum_units 5, so it would never apply. Raise it.",
    ),
}


@pytest.mark.parametrize(("stated", "expected"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_promotion(stated: dict[str, Any], expected: str) -> None:
    assert problem(msgspec.structs.replace(SOUND, **stated)) == expected


RIGHT: dict[str, dict[str, Any]] = {
    "a share needs no currency": {},
    "a fixed price of nothing": {"saving": FixedPrice(0), "currency": "USD"},
    "a bundle of one part": {
        "saving": Bundle((BundlePart(skus("soup"), 3),), share_off=100_000),
        "goods": Selector(),
    },
    "a stackable coupon": {"stacking": Stacking(mode="stackable"), "coupon": Coupon("x")},
}


@pytest.mark.parametrize("stated", RIGHT.values(), ids=RIGHT.keys())
def test_nothing_is_wrong_with_a_promotion(stated: dict[str, Any]) -> None:
    assert problem(msgspec.structs.replace(SOUND, **stated)) == ""


@given(promotions())
def test_a_promotion_is_stored_and_read_back_the_same(made: Promotion) -> None:
    content = encode_promotion(made)

    assert decode_promotion(content) == made
    assert encode_promotion(decode_promotion(content)) == content


MISREAD = {
    "an unknown field": b'{"code":"p","name":"p","saving":{"kind":"percent_off","share":1},"colour":"red"}',
    "an unknown kind": b'{"code":"p","name":"p","saving":{"kind":"gift"},"valid_from":"2026-01-01T00:00:00Z"}',
    "a share above everything": b'{"code":"p","name":"p","saving":{"kind":"percent_off","share":1000001}}',
    "a time without a zone": (
        b'{"code":"p","name":"p","saving":{"kind":"percent_off","share":1},"valid_from":"2026-01-01T00:00:00"}'
    ),
}


@pytest.mark.parametrize("content", MISREAD.values(), ids=MISREAD.keys())
def test_what_is_no_promotion_is_not_read(content: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_promotion(content)


def test_two_promotions_of_one_code_are_refused() -> None:
    with pytest.raises(ValueError, match="the same code"):
        compile_promotions([SOUND, SOUND])
