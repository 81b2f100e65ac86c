"""What pricing knows of customers: what they have used, coupons on their card, campaigns that are for them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from onebasket.base import bulk

_USED, _CLIPPED, _MEANT = 1, 2, 3


@dataclass(slots=True)
class Holder:
    """A customer: uses by promotion code, codes of the digital coupons on the card, codes of campaigns."""

    used: dict[str, int] = field(default_factory=dict)
    clips: set[str] = field(default_factory=set)
    campaigns: set[str] = field(default_factory=set)


def holders(loyalty_numbers: Iterable[str]) -> dict[str, Holder]:
    """Return what pricing knows of these customers, of each something; one statement, none for nobody."""
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
