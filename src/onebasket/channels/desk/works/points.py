"""Setting how points are earned."""

from typing import Any

from django import forms

from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Work, WorkForm, refusing
from onebasket.commerce.access.rules import shape_problem
from onebasket.commerce.books.actions import set_earning_rule
from onebasket.commerce.books.actions.earning import EarningRuleError
from onebasket.commerce.books.models import EarningRule as Table
from onebasket.commerce.books.rules.points import EarningRule
from onebasket.kernel.money import currencies, parse_amount


class EarningForm(WorkForm):
    """How points are earned, and what they are worth."""

    currency = forms.CharField(max_length=3, help_text="Such as USD.")
    valid_from = forms.DateField(
        label="From", widget=forms.DateInput(attrs={"type": "date"}), help_text="The first business day it holds on."
    )
    points = forms.IntegerField(min_value=0, max_value=10_000, help_text="So many points …")
    per_amount = forms.CharField(label="For each", initial="1", help_text="… for each such amount paid.")
    excluded = forms.CharField(
        label="Earn none",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Departments and categories, one a line. Gift cards never earn.",
    )
    worth_points = forms.IntegerField(label="Points that pay", min_value=0, required=False, initial=0)
    worth_amount = forms.CharField(
        label="Pay", required=False, initial="0", help_text="Such as 1.00; nothing where points pay nothing."
    )


class SetEarningRule(Work):
    """Set how points are earned."""

    slug = "set-earning-rule"
    label = "Set how points are earned"
    verb = "Set it"
    about = "It holds from its day on. What was earned before stays as it is."
    right = "points.set"
    model = Table
    on_row = False
    form = EarningForm

    @refusing(EarningRuleError)
    def perform(self, asked: Asked) -> Result:
        """Set the rule."""
        data, currency = asked.data, str(asked.data["currency"]).upper()
        if currency not in currencies():
            return Refused(f"{currency!r} is no ISO 4217 currency code, such as USD.", "currency")
        amounts: dict[str, int] = {}
        for name in ("per_amount", "worth_amount"):
            try:
                amounts[name] = parse_amount(data[name] or "0", currency)
            except ValueError as error:
                return Refused(f"{error}.", name)
        rule = EarningRule(
            currency=currency,
            valid_from=data["valid_from"],
            points=data["points"],
            excluded=_lines(data["excluded"]),
            worth_points=data["worth_points"] or 0,
            **amounts,
        )
        if said := shape_problem(rule):
            return Refused(said)
        set_earning_rule(rule, actor=asked.actor)
        return Done("The rule is set.")


def _lines(text: Any) -> tuple[str, ...]:  # noqa: ANN401 - what the form holds
    return tuple(line.strip() for line in str(text or "").splitlines() if line.strip())
