"""Letters that were given up: tried again once what was in their way is mended."""

from collections.abc import Iterable

from onebasket.base.clock import database_now
from onebasket.base.letters import NotDeadError, send_again
from onebasket.base.models import Letter
from onebasket.channels.desk.works.work import Asked, Done, Result, Row, Work, refusing


class SendLetterAgain(Work):
    """Have a letter that was given up tried again."""

    slug = "send-letter-again"
    label = "Send again"
    verb = "Send it"
    about = "It is tried again, with all its attempts before it. Mend the cause first."
    right = "parked.work"
    model = Letter

    def is_offered(self, row: Row) -> bool:
        """Offer it for what was given up."""
        return bool(row.state == Letter.State.DEAD)

    def places_of(self, row: Row) -> Iterable[str]:  # noqa: ARG002
        """Return none: letters are the chain's."""
        return ()

    @refusing(NotDeadError)
    def perform(self, asked: Asked) -> Result:
        """Make it due."""
        send_again(asked.row.pk, actor=asked.actor, now=database_now())
        return Done("It is due again.")
