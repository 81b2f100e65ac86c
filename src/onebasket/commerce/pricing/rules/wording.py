"""What notes say, in English: for the back office, for programs, and as the pattern for a channel's own words."""

from collections.abc import Mapping

from onebasket.commerce.pricing.rules.basket import Note, Why
from onebasket.commerce.pricing.rules.presenting import MOST_PRESENTED

REASONS: Mapping[Why, str] = {
    "applied": "applied",
    "needs_card": "needs the card",
    "needs_coupon": "needs its coupon",
    "no_such_coupon": "no such coupon is valid here and now",
    "used_before": "This code was used before.",
    "for_the_card": "This coupon is for the card: put it there, then it applies by itself.",
    "wants_own_code": "This names a coupon with codes of its own. Type such a code.",
    "not_known": "This code is not known. Check it, or leave it out.",
    "too_many_codes": f"A basket takes at most {MOST_PRESENTED} codes. This one was left out.",
    "used_up": "used as often as it may be",
    "by_weight": "not for goods by weight",
    "priced_apart": "not on goods at a card price or a price label",
    "not_together": "not together with {other}",
    "instead": "{other} instead",
    "no_gain": "costs as little without it",
    "more_goods": "{missing} more for {name}",
    "more_money": "a higher amount for {name}",
    "nothing_for_it": "nothing here that it is for",
}


def reason_of(note: Note) -> str:
    """Say why a rule applied or did not."""
    other = note.other or "another of its group"
    return REASONS[note.why].format(other=other, missing=note.missing, name=note.name)
