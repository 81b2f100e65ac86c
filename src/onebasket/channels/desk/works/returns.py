"""Setting what a broken multi-buy pays back."""

from django import forms

from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Work, WorkForm
from onebasket.commerce.fulfilment.actions import ReturnPolicyError, set_return_policy
from onebasket.commerce.fulfilment.models import ReturnPolicy
from onebasket.commerce.fulfilment.rules.messages import ALLOCATED, REPRICE_KEPT

POLICIES = [
    (ALLOCATED, "allocated: each unit is worth its part of its line"),
    (REPRICE_KEPT, "what is kept is priced again, as it was then"),
    ("", "a place's own no more: the chain's holds"),
]


class ReturnPolicyForm(WorkForm):
    """Which policy, and where."""

    policy = forms.ChoiceField(choices=POLICIES, required=False, widget=forms.RadioSelect, initial=ALLOCATED)
    place = forms.CharField(label="Place code", max_length=64, required=False, help_text="Empty is the whole chain.")


class SetReturnPolicy(Work):
    """Set what a broken multi-buy pays back."""

    slug = "set-return-policy"
    label = "Set the policy of returns"
    verb = "Set it"
    about = "It holds for orders placed from now on. What was placed before keeps the policy of its day."
    right = "returns.set"
    model = ReturnPolicy
    form = ReturnPolicyForm
    on_row = False

    def perform(self, asked: Asked) -> Result:
        """Set it."""
        try:
            set_return_policy(asked.data["policy"], place=asked.data["place"].strip(), actor=asked.actor)
        except ReturnPolicyError as error:
            return Refused(str(error))
        return Done("The policy is set.")
