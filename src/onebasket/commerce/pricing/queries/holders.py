"""What pricing knows of customers: what they have used, coupons on their card, campaigns that are for them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from onebasket.base import bulk

_USED, _CLIPPED, _MEANT = 1, 2, 3


@dataclass(slots=True)
class Holder:
    """A customer: uses by promotion code, codes of the digital coupons on the card, codes of campaigns."""

    used: dict[str, int] = field(default_factory=dict)
    clips: set[str] = field(default_factory=set)
    campaigns: set[str] = field(default_factory=set)

    def take_in(self, other: "Holder") -> None:
        """Add what is known of the same person under another number."""
        for code, times in other.used.items():
            self.used[code] = self.used.get(code, 0) + times
        self.clips |= other.clips
        self.campaigns |= other.campaigns


def persons(families: Mapping[str, Sequence[str]]) -> dict[str, Holder]:
    """Return what pricing knows of people by the number that stands for each, all their numbers together."""
    by_number = holders(number for numbers in families.values() for number in numbers)
    found = {}
    for standing, numbers in families.items():
        found[standing] = Holder()
        for number in numbers:
            found[standing].take_in(by_number[number])
    return found


def holders(loyalty_numbers: Iterable[str]) -> dict[str, Holder]:
    """Return what pricing knows under these numbers, of each something; one statement, none for nobody."""
    found = {number: Holder() for number in loyalty_numbers if number}
    if not found:
        return found
    who, numbers = bulk.in_list("loyalty_number"), bulk.list_parameter(found)
    sql = (
        f"SELECT {_USED} AS what, loyalty_number, code, times FROM pricing_usecount "  # noqa: S608 - constants
        f"WHERE times > 0 AND {who} UNION ALL "
        f"SELECT {_CLIPPED}, loyalty_number, coupon_code, 0 FROM pricing_couponclip WHERE {who} UNION ALL "
        f"SELECT {_MEANT}, loyalty_number, campaign_code, 0 FROM pricing_campaignhousehold "
        f"WHERE until IS NULL AND {who}"
    )
    for what, number, code, times in bulk.fetch(sql, [numbers] * 3):
        holder = found[number]
        if what == _USED:
            holder.used[code] = times
        else:
            (holder.clips if what == _CLIPPED else holder.campaigns).add(code)
    return found
