"""What a work is: who may do it, where it is offered, what it asks for, and the one action that it calls."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.db.models import Model

from onebasket.commerce.access.rules import UserFacts

Row = Any
"""A row of any table."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A work asked for: by whom, under which form-made key, on which row, with what the form holds."""

    user: UserFacts
    key: str
    row: Row
    data: Mapping[str, Any]

    @property
    def actor(self) -> str:
        """Return who is named in the audit trail."""
        return self.user.username


@dataclass(frozen=True, slots=True)
class Done:
    """It is done: what to tell; `secret` is shown this once and `address` is where to go on, if not to the row."""

    message: str
    secret: str = ""
    address: str = ""
    warn: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed, and why; `field` where the form's field is at fault."""

    message: str
    field: str | None = None


Result = Done | Refused


class WorkForm(forms.Form):
    """The form of a work; it knows the row and the person, so that it offers only what is possible."""

    def __init__(self, *args: Any, row: Row = None, user: UserFacts, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.row, self.user = row, user
        self.use_required_attribute = True
        self.prepare()

    def prepare(self) -> None:
        """Adapt the fields to row and person."""


class NoteForm(WorkForm):
    """Asks for a note."""

    note = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2_000,
        help_text="What you found out and decided, for whoever looks here later.",
    )


class Work:
    """One change that people make: subclasses say what and how."""

    slug: ClassVar[str]
    label: ClassVar[str]
    verb: ClassVar[str]
    about: ClassVar[str]
    right: ClassVar[str]
    model: ClassVar[type[Model]]
    form: ClassVar[type[WorkForm]] = WorkForm
    on_row: ClassVar[bool] = True
    also_on: ClassVar[tuple[type[Model], ...]] = ()
    is_grave: ClassVar[bool] = False

    def is_offered(self, row: Row) -> bool:  # noqa: ARG002 - any table's row
        """Whether the row's state lets it be done."""
        return True

    def places_of(self, row: Row) -> Iterable[str]:
        """Return the place codes at which the person needs the right; none for what belongs to no place."""
        if getattr(row, "place", None) is not None:
            return (row.place.code,)
        return (row.place_code,) if getattr(row, "place_code", "") else ()

    def initial(self, row: Row, query: Mapping[str, str]) -> dict[str, Any]:
        """Return what the form begins with; `query` are the address's own parameters."""
        del row
        return dict(query)

    def perform(self, asked: Asked) -> Result:
        """Do it: call the module's action, leave a trail entry, and say what came of it."""
        raise NotImplementedError


def refusing(*errors: type[Exception]) -> Callable[[Callable[[Any, Asked], Result]], Callable[[Any, Asked], Result]]:
    """Turn a module's named exceptions into refusals with their message."""

    def around(perform: Callable[[Any, Asked], Result]) -> Callable[[Any, Asked], Result]:
        def guarded(work: Any, asked: Asked) -> Result:  # noqa: ANN401 - any work
            try:
                return perform(work, asked)
            except errors as error:
                return Refused(str(error))

        return guarded

    return around
