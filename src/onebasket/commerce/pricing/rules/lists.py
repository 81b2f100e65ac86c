"""Long lists of SKUs in a promotion's terms: kept once, outside, and named in the terms as a group `list:<id>`.

A coupon may name thousands of SKUs. In the terms they would be read, compiled and searched anew with every set of
promotions; as a group a product carries the few lists it is on, and the terms stay short.
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from onebasket.commerce.pricing.rules.promotions import Bundle, BuyGet, Promotion, Selector

LIST_PREFIX = "list:"
MOST_INLINE = 24
"""SKUs that stand in the terms themselves; more become a list."""
MOST_SKUS = 20_000
"""SKUs that one promotion may name in all."""


def list_group(identity: int) -> str:
    """Return the group that the products of a list are of."""
    return f"{LIST_PREFIX}{identity}"


def list_id(group: str) -> int | None:
    """Return the list that a group names, or None where it names none."""
    number = group.removeprefix(LIST_PREFIX)
    return int(number) if group.startswith(LIST_PREFIX) and number.isascii() and number.isdecimal() else None


def selectors(promotion: Promotion) -> Iterator[Selector]:
    """Yield every selector of goods in a promotion."""
    yield promotion.goods
    if isinstance(promotion.saving, Bundle):
        yield from (part.goods for part in promotion.saving.parts)
    elif isinstance(promotion.saving, BuyGet) and promotion.saving.get_goods:
        yield promotion.saving.get_goods


def sku_sets(promotion: Promotion) -> Iterator[frozenset[str]]:
    """Yield every set of SKUs that a promotion names, empty ones too."""
    for selector in selectors(promotion):
        yield selector.skus
        yield selector.without_skus


def long_sets(promotion: Promotion) -> set[frozenset[str]]:
    """Return the sets of SKUs that are to be kept as lists."""
    return {skus for skus in sku_sets(promotion) if len(skus) > MOST_INLINE}


def with_lists(promotion: Promotion, lists: Mapping[frozenset[str], int]) -> Promotion:
    """Return the promotion with its long sets of SKUs named as lists, by the id of each."""

    def shortened(selector: Selector) -> Selector:
        if selector.skus in lists:
            named = list_group(lists[selector.skus])
            selector = replace(selector, skus=frozenset(), groups=selector.groups | {named})
        if selector.without_skus in lists:
            named = list_group(lists[selector.without_skus])
            selector = replace(selector, without_skus=frozenset(), without_groups=selector.without_groups | {named})
        return selector

    return _changed(promotion, shortened)


def with_skus(promotion: Promotion, lists: Mapping[int, frozenset[str]]) -> Promotion:
    """Return the promotion with the SKUs of its lists written out, as it was stated."""

    def part(groups: frozenset[str], skus: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        found = {group: list_id(group) for group in groups}
        named = {
            group: lists[identity] for group, identity in found.items() if identity is not None and identity in lists
        }
        return groups - named.keys(), skus.union(*named.values())

    def whole(selector: Selector) -> Selector:
        groups, skus = part(selector.groups, selector.skus)
        without_groups, without_skus = part(selector.without_groups, selector.without_skus)
        return replace(
            selector, groups=groups, skus=skus, without_groups=without_groups, without_skus=without_skus
        )  # fmt: skip

    return _changed(promotion, whole)


def lists_of(promotion: Promotion) -> set[int]:
    """Return the lists that a promotion's terms name."""
    named = (group for selector in selectors(promotion) for group in selector.groups | selector.without_groups)
    return {found for group in named if (found := list_id(group)) is not None}


def _changed(promotion: Promotion, change: Callable[[Selector], Selector]) -> Promotion:
    saving = promotion.saving
    if isinstance(saving, Bundle):
        saving = replace(saving, parts=tuple(replace(part, goods=change(part.goods)) for part in saving.parts))
    elif isinstance(saving, BuyGet) and saving.get_goods:
        saving = replace(saving, get_goods=change(saving.get_goods))
    return replace(promotion, goods=change(promotion.goods), saving=saving)
