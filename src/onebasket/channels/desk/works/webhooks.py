"""Webhooks: add one, stop it and let it go on, give it a new secret, deliver its dead letters again, end it."""

from collections.abc import Iterable

from django import forms

from onebasket.base.clock import database_now
from onebasket.base.models import Webhook
from onebasket.base.webhooks import (
    UnknownWebhookError,
    WebhookError,
    register,
    revive,
    rotate_secret,
    set_webhook_active,
    unregister,
)
from onebasket.channels.desk.columns import address_of
from onebasket.channels.desk.sections import filtered
from onebasket.channels.desk.works.asking import place_codes, unknown_places
from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Row, Work, WorkForm, refusing
from onebasket.commerce.hotpath.rules import EVENTS
from onebasket.commerce.places.queries import places_by_code

TYPES = sorted(EVENTS)
"""Every type of event that there is."""


class _OnWebhook(Work):
    right = "webhooks.manage"
    model = Webhook

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        return ()


class WebhookForm(WorkForm):
    """Where to deliver what."""

    url = forms.CharField(label="Address", max_length=500, help_text="Such as https://shop.example/news.")
    types = forms.MultipleChoiceField(
        choices=[(name, name) for name in TYPES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None is all.",
    )
    places = forms.CharField(
        initial="*", help_text="Place codes, split by commas; * is every place, and what belongs to none."
    )


class AddWebhook(_OnWebhook):
    """Have events delivered to an address."""

    slug = "add-webhook"
    label = "Add a webhook"
    verb = "Add"
    about = "It gets the events from now on. The secret that signs them is shown once, right after."
    form = WebhookForm
    on_row = False

    @refusing(WebhookError)
    def perform(self, asked: Asked) -> Result:
        """Register it."""
        data, places = asked.data, place_codes(asked.data["places"])
        if problem := unknown_places(places, places_by_code(places)):
            return Refused(problem, "places")
        identity, secret = register(
            data["url"].strip(), types=data["types"], places=places, actor=asked.actor, now=database_now()
        )
        return Done("The webhook is added.", secret=secret, address=address_of(Webhook, identity))


class DisableWebhook(_OnWebhook):
    """Stop delivering."""

    slug = "disable-webhook"
    label = "Disable"
    verb = "Disable it"
    about = "Nothing is delivered from now on. What waits for it stays, and events that come meanwhile follow later."
    is_grave = True

    def is_offered(self, row: Row) -> bool:
        """Offer it while events are delivered."""
        return bool(row.active)

    @refusing(UnknownWebhookError)
    def perform(self, asked: Asked) -> Result:
        """Stop it."""
        set_webhook_active(asked.row.pk, active=False, actor=asked.actor, now=database_now())
        return Done("The webhook is disabled.")


class EnableWebhook(_OnWebhook):
    """Go on delivering."""

    slug = "enable-webhook"
    label = "Enable"
    verb = "Enable it"
    about = "It gets what waits for it and every event since it was disabled, as far as events are still kept."

    def is_offered(self, row: Row) -> bool:
        """Offer it once nothing is delivered."""
        return not row.active

    @refusing(UnknownWebhookError)
    def perform(self, asked: Asked) -> Result:
        """Let it go on."""
        set_webhook_active(asked.row.pk, active=True, actor=asked.actor, now=database_now())
        return Done("The webhook is enabled.")


class RotateSecret(_OnWebhook):
    """Give a webhook a new secret."""

    slug = "rotate-secret"
    label = "New secret"
    verb = "Make a new secret"
    about = (
        "The new secret is shown once, right after, and signs from now on. The one before it signs too for 24 hours; "
        "if it has leaked, make a new one twice."
    )

    @refusing(UnknownWebhookError)
    def perform(self, asked: Asked) -> Result:
        """Make it."""
        secret = rotate_secret(asked.row.pk, actor=asked.actor, now=database_now())
        return Done("The webhook has a new secret.", secret=secret)


class RedeliverDead(_OnWebhook):
    """Try again what was given up."""

    slug = "redeliver-dead"
    label = "Deliver dead letters again"
    verb = "Deliver them again"
    about = "Every delivery that was given up is due at once, with all its attempts before it. Mend the receiver first."

    def is_offered(self, row: Row) -> bool:
        """Offer it where there are any."""
        return bool(row.dead)

    @refusing(UnknownWebhookError)
    def perform(self, asked: Asked) -> Result:
        """Make them due."""
        count = revive(asked.row.pk, actor=asked.actor, now=database_now())
        said = "One dead letter is" if count == 1 else f"{count:,} dead letters are"
        return Done(f"{said} due again.")


class EndWebhook(_OnWebhook):
    """Take an address away."""

    slug = "end-webhook"
    label = "End"
    verb = "End it"
    about = "It gets nothing more, and what still waits for it is dropped. This cannot be undone."
    is_grave = True

    @refusing(UnknownWebhookError)
    def perform(self, asked: Asked) -> Result:
        """End it."""
        unregister(asked.row.pk, actor=asked.actor, now=database_now())
        return Done(f"{asked.row.url} gets nothing more.", address=filtered(Webhook))
