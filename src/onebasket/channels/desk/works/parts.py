"""Partners' parts of orders that are held up: people decide, with a note."""

from collections.abc import Iterable
from typing import ClassVar

from onebasket.channels.desk.works.work import Asked, Done, NoteForm, Refused, Result, Row, Work
from onebasket.commerce.partners.actions.deciding import Decision, UnknownPartError, decide_part
from onebasket.commerce.partners.actions.telling import NotPossibleError
from onebasket.commerce.partners.models import PartnerPart
from onebasket.commerce.partners.rules.parts import Status


class _OnPart(Work):
    right = "partners.work"
    model = PartnerPart
    form = NoteForm
    is_grave = True
    decision: ClassVar[Decision]
    said: ClassVar[str]
    states: ClassVar[frozenset[str]] = frozenset({Status.STUCK.value})

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        return ()

    def is_offered(self, row: Row) -> bool:
        return row.status in self.states

    def perform(self, asked: Asked) -> Result:
        try:
            decide_part(asked.row.pk, self.decision, actor=asked.actor, note=asked.data["note"])
        except NotPossibleError as error:
            return Refused(f"That cannot be: {error}.")
        except UnknownPartError:
            return Refused("There is no such part.")
        return Done(self.said)


class AcceptPart(_OnPart):
    """Take a part in as the partner's orders are known."""

    slug = "accept-part"
    label = "Accept as found"
    verb = "Accept it"
    about = (
        "It counts as placed with what the partner's orders hold, whatever they cost us. The shopper pays what was "
        "agreed for what comes, and gets the rest back."
    )
    decision = Decision.ACCEPT
    said = "It is placed, as the partner's orders are known."


class PlacePartAgain(_OnPart):
    """Place a part once more."""

    slug = "place-part-again"
    label = "Place again"
    verb = "Place it again"
    about = (
        "Only when you are sure that the partner has no order for it: it is asked anew, and whatever it takes is owed."
    )
    decision = Decision.AGAIN
    said = "It is due again, and will be placed."


class RefusePart(_OnPart):
    """Give a part up."""

    slug = "refuse-part"
    label = "Give up"
    verb = "Give it up"
    about = "The shopper's money goes back. Cancel at the partner what is there: we do not."
    decision = Decision.REFUSE
    said = "It is given up, and the shopper's money goes back."
    states = frozenset({Status.STUCK.value, Status.PLACED.value})
