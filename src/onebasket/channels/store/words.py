"""What the associate's pages say of refusals, in the language of the page."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from onebasket.commerce.fulfilment.rules.messages import ReturnOutcome, ReturnRefused
from onebasket.commerce.orders.rules.messages import StepOutcome, StepRefused
from onebasket.commerce.partners.rules.returns import PartReturnOutcome, PartReturnRefused

Word = str | Promise

STEPS: dict[str, Word] = {
    "not_open": gettext_lazy("The order has moved on meanwhile, and that cannot be done any more. Look at it again."),
    "unknown_line": gettext_lazy("The order has no such line. Look at it again."),
    "doubled_line": gettext_lazy("A line is stated more than once. Look at it again."),
    "too_much": gettext_lazy("That is more than was promised. Look at it again."),
    "nothing_picked": gettext_lazy("Nothing was picked at all: cancel the order instead."),
    "picked_before": gettext_lazy("This line was picked before."),
    "nothing_to_put_back": gettext_lazy("Nothing of this order is staged."),
    "expired": gettext_lazy("The time to pay is over, and the order with it."),
    "not_paid": gettext_lazy("Something of this order is paid ahead, and its money is not sure yet."),
}
"""Why a step of an order is not taken."""

RETURNS: dict[str, Word] = {
    "unknown_place": gettext_lazy("This place takes nothing back."),
    "unknown_original": gettext_lazy("There is no such order or receipt. Check what is printed on it."),
    "not_handed_over": gettext_lazy("This order was not handed over, so nothing of it can come back."),
    "not_a_sale": gettext_lazy("This receipt sold nothing, or was voided."),
    "unknown_line": gettext_lazy("Nothing was sold by one of these lines. Find it anew."),
    "doubled_line": gettext_lazy("State each line once, with all that comes back of it."),
    "too_much": gettext_lazy("Of a line less can come back than is stated. Look at what is left of each."),
    "unknown_product": gettext_lazy("We do not know one of these products."),
    "no_price": gettext_lazy("Something had no price here of late. Whoever may says what is paid back, and why."),
    "other_currency": gettext_lazy("This was sold in another currency. Take it back where that is paid."),
    "reason_needed": gettext_lazy("Say why another amount is paid back."),
    "nothing_named": gettext_lazy("Without a receipt each line names its product."),
    "other_total": gettext_lazy("It comes to another amount than was shown. Work it out again."),
}
"""Why goods are not taken back."""


PART_RETURNS: dict[str, Word] = {
    "unknown_place": gettext_lazy("This place takes nothing back."),
    "unknown_part": gettext_lazy("There is no such order. Find it anew."),
    "not_sent": gettext_lazy("Nothing of it was sent yet, so nothing of it can come back."),
    "too_late": gettext_lazy("The time in which it could come back is over."),
    "at_partner": gettext_lazy("The partner takes it back itself: send the shopper there."),
    "unknown_line": gettext_lazy("Nothing was sent by one of these lines. Find it anew."),
    "doubled_line": gettext_lazy("State each line once, with all that comes back of it."),
    "too_much": gettext_lazy("Of a line less can come back than is stated. Look at what is left of each."),
    "not_refundable": gettext_lazy("It cannot be paid back just now: its payment is not through, or went back before."),
    "other_total": gettext_lazy("It comes to another amount than was shown. Work it out again."),
}
"""Why a partner's goods are not taken back."""


def refused_part_return(outcome: PartReturnOutcome) -> str:
    """Say why a partner's goods were not taken back."""
    code = outcome.code if isinstance(outcome, PartReturnRefused) else ""
    return str(PART_RETURNS.get(code, _("That could not be done. Look at it again.")))


def refused_step(outcome: StepOutcome) -> str:
    """Say why a step was not taken."""
    code = outcome.code if isinstance(outcome, StepRefused) else ""
    return str(STEPS.get(code, _("That could not be done. Look at it again.")))


def refused_return(outcome: ReturnOutcome) -> str:
    """Say why goods were not taken back."""
    code = outcome.code if isinstance(outcome, ReturnRefused) else ""
    return str(RETURNS.get(code, _("That could not be done. Look at it again.")))
