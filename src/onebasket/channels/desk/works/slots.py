"""When places hand out: windows of weekdays, and dates that are exceptions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.db import transaction
from django.urls import reverse

from onebasket.base import trail
from onebasket.base.clock import database_now
from onebasket.channels.desk.own import desk_source, key_of
from onebasket.channels.desk.works.work import Asked, Done, Refused, Result, Row, Work, WorkForm
from onebasket.commerce.access.rules import ItemOutcome, may
from onebasket.commerce.places.rules import WEEKDAYS
from onebasket.commerce.slots.actions import set_slot_days, set_slot_exceptions
from onebasket.commerce.slots.models import PlanException, PlanWindow, Slot
from onebasket.commerce.slots.rules.messages import (
    LONGEST_CUTOFF,
    MOST_ROOM,
    SlotDaysItem,
    SlotExceptionItem,
    StatedWindow,
)

RIGHT = "slots.plan"
_CLOCK = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


class WindowForm(WorkForm):
    """A window, or none."""

    place = forms.CharField(label="Place code", max_length=64)
    closed = forms.BooleanField(label="Hand nothing out", required=False)
    opens = forms.RegexField(_CLOCK, label="From", required=False, help_text="Such as 08:00, by the place's clock.")
    closes = forms.RegexField(_CLOCK, label="To", required=False, help_text="Such as 20:00; 24:00 ends the day.")
    slot_minutes = forms.IntegerField(label="Minutes a slot", min_value=5, max_value=1440, initial=60, required=False)
    capacity = forms.IntegerField(label="Orders a slot", min_value=0, max_value=MOST_ROOM, required=False)
    cutoff_minutes = forms.IntegerField(
        label="Cut-off", min_value=0, max_value=LONGEST_CUTOFF, initial=120, required=False,
        help_text="Minutes before a slot begins until which it can be taken.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Ask for the whole window where there is to be one."""
        data: dict[str, Any] = super().clean() or {}
        if not data.get("closed"):
            for name in ("opens", "closes", "slot_minutes", "capacity"):
                if name in data and data[name] in {None, ""}:
                    self.add_error(name, "Say this too, or hand nothing out.")
        return data


class DaysForm(WindowForm):
    """A window of weekdays."""

    weekdays = forms.MultipleChoiceField(
        choices=[(name, name.title()) for name in WEEKDAYS], widget=forms.CheckboxSelectMultiple
    )
    beside = forms.BooleanField(
        label="Beside the windows that these days have",
        required=False,
        help_text="Otherwise it takes their place.",
    )
    field_order = ("place", "weekdays", "closed")


class DateForm(WindowForm):
    """A window of one date."""

    date = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(max_length=200, required=False, help_text="Such as Christmas Eve.")
    field_order = ("place", "date", "note", "closed")


class _OnPlan(Work):
    right = RIGHT
    on_row = False

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        """Leave the place to the form."""
        return ()

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG002
        return {name: query[name] for name in ("place", "date") if name in query}


class PlanSlotDays(_OnPlan):
    """Set a window of weekdays."""

    slug = "plan-slot-days"
    label = "Plan weekdays"
    verb = "Plan them"
    about = (
        "Say when a place hands out on these weekdays, and how many orders a slot takes. "
        "Slots that are taken keep their times and their takers; their room follows, also to none."
    )
    model = PlanWindow
    also_on = (Slot,)
    form = DaysForm

    def perform(self, asked: Asked) -> Result:
        """Set the window."""
        data = asked.data
        if not may(asked.user, RIGHT, data["place"]):
            return Refused("You may not plan slots at this place.", "place")
        windows = _windows(data)
        item = SlotDaysItem(key_of(asked.key), data["place"], tuple(data["weekdays"]), windows, data["beside"])
        with transaction.atomic():
            return _told(asked, set_slot_days(desk_source(), [item]), action="slots.plan", said="The days are planned.")


class PlanSlotDate(_OnPlan):
    """Set a date that is an exception."""

    slug = "plan-slot-date"
    label = "Plan a date"
    verb = "Plan it"
    about = "On this date the weekly plan does not hold: this window does, or nothing is handed out."
    model = PlanException
    also_on = (PlanWindow, Slot)
    form = DateForm

    def perform(self, asked: Asked) -> Result:
        """Set the exception."""
        data = asked.data
        if not may(asked.user, RIGHT, data["place"]):
            return Refused("You may not plan slots at this place.", "place")
        windows = _windows(data)
        item = SlotExceptionItem(key_of(asked.key), data["place"], data["date"], windows, data["note"])
        with transaction.atomic():
            outcomes = set_slot_exceptions(desk_source(), [item])
            return _told(asked, outcomes, action="slots.except", said="The date is planned.")


class DropSlotDate(Work):
    """Let the weekly plan hold again."""

    slug = "drop-slot-date"
    label = "Let the plan hold"
    verb = "Let it hold"
    about = "The exception goes; the weekly plan holds on this date again."
    right = RIGHT
    model = PlanException

    def perform(self, asked: Asked) -> Result:
        """Remove the exception."""
        row = asked.row
        item = SlotExceptionItem(key_of(asked.key), row.place.code, row.date, removed=True)
        with transaction.atomic():
            outcomes = set_slot_exceptions(desk_source(), [item])
            told = {"place": row.place.code, "date": row.date}
            done = _told(
                Asked(asked.user, asked.key, row, told), outcomes, action="slots.drop", said="The weekly plan holds."
            )
        address = reverse("desk:slots_planexception_changelist")  # its own page is gone
        return Done(done.message, address=address, warn=done.warn) if isinstance(done, Done) else done


def _windows(data: Mapping[str, Any]) -> tuple[StatedWindow, ...]:
    if data["closed"]:
        return ()
    cutoff = data["cutoff_minutes"] or 0
    return (StatedWindow(data["opens"], data["closes"], data["slot_minutes"], data["capacity"], cutoff),)


def _told(asked: Asked, outcomes: Sequence[ItemOutcome], *, action: str, said: str) -> Result:
    (outcome,) = outcomes
    if outcome.outcome in {"invalid", "conflict"}:
        transaction.set_rollback(True)
        return Refused(outcome.message)
    if outcome.outcome == "unchanged":
        return Done("That is how it stood already. Nothing was changed.", warn=True)
    place = asked.data["place"]
    trail.note_change(
        asked.actor,
        action=action,
        target=f"slotplan/{place}",
        at=database_now(),
        place_code=place,
        detail={name: _plain(value) for name, value in asked.data.items() if value not in (None, "", False)},
    )
    return Done(said)


def _plain(value: object) -> object:
    return value if isinstance(value, int | list) else str(value)
