"""Which promotions cannot be taken in, beyond what the engine itself says of them: names that lead nowhere."""

import re
from collections.abc import Iterator

from onebasket.commerce.access.rules import code_problem
from onebasket.commerce.pricing.rules.lists import LIST_PREFIX, MOST_SKUS, selectors, sku_sets
from onebasket.commerce.pricing.rules.promotions import Promotion, Selector
from onebasket.commerce.pricing.rules.soundness import problem

GROUPS = ("department:", "category:", "brand:")
"""By what promotions select goods besides the SKU."""
CAMPAIGN_PREFIX = "campaign:"
TAKEN = frozenset({"launch", "end"})
"""Words that stand where a promotion's code does in an address."""
_CHANNEL = re.compile(r"[a-z][a-z0-9-]{0,15}")


def promotion_problem(promotion: Promotion) -> str:
    """Say what is wrong with a promotion as far as it can be judged by itself, or nothing."""
    return problem(promotion) or next(_names(promotion), "")


def _names(promotion: Promotion) -> Iterator[str]:
    if found := code_problem(promotion.code):
        yield f"code: {found}"
    if promotion.code in TAKEN:
        yield f"code: {promotion.code!r} means something else in an address. Choose another."
    if sum(map(len, sku_sets(promotion))) > MOST_SKUS:
        yield f"goods: a promotion names at most {MOST_SKUS:,} SKUs. Use groups, or several promotions."
    for channel in sorted(promotion.channels):
        if not _CHANNEL.fullmatch(channel):
            yield f"channels: {channel!r} is no sales channel, such as web."
    for selector in selectors(promotion):
        yield from _groups(selector)


def _groups(selector: Selector) -> Iterator[str]:
    for group in sorted(selector.groups | selector.without_groups):
        if group.startswith(LIST_PREFIX):
            yield f"goods: {group!r} is how long lists are kept inside. State the SKUs themselves."
        elif not group.startswith(GROUPS) or group.endswith(":"):
            yield f"goods: {group!r} is no group. Groups are {', '.join(f'{name}…' for name in GROUPS)}."
