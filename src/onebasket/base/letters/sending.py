"""Sending letters: claim one, commit, write and send it outside any transaction, note what came of it."""

import logging
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMessage
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import QuerySet

from onebasket.base import bulk, trail
from onebasket.base.clock import database_now
from onebasket.base.columns import as_instant
from onebasket.base.instants import instant_parameter
from onebasket.base.models import Letter

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=180)
"""For so long a letter is its worker's: longer than a mail server can take that answers each time just in time."""
MOST_ATTEMPTS = 10
FIRST_WAIT = 30.0
LONGEST_WAIT = 21_600.0
"""Seconds; each wait is three times the one before, so that a letter is tried for most of a day."""
AT_ONCE = 20
LONGEST_ERROR = 300
_FOR_EVER = range(500, 600)
"""Replies of a mail server that the same message will meet again (RFC 5321, section 4.2.1)."""

_DUE = (
    "SELECT l.id FROM base_letter l WHERE l.state = 'pending' AND l.due_at <= %s AND NOT EXISTS ("
    "SELECT 1 FROM base_letter b WHERE b.subject = l.subject AND b.state = 'pending' AND b.id < l.id) "
    "ORDER BY l.due_at, l.id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class LetterDue:
    """A letter that this worker alone may send until its claim is over."""

    id: int
    key: str
    kind: str
    subject: str
    occurred_at: datetime
    attempts: int
    until: datetime

    @property
    def message_id(self) -> str:
        """Return what receivers know the letter by, the same each time it is sent."""
        name = sha256(self.key.encode()).hexdigest()[:32]
        return f"<{name}@{urlsplit(settings.ADDRESS).hostname or 'localhost'}>"


class NotDeadError(Exception):
    """The letter is not given up any more: somebody was faster."""


Write = Callable[[LetterDue], EmailMessage | None]


def send_letters(write: Write) -> int:
    """Send some letters that are due, those of one subject in their order; return how many were tried.

    `write` returns the mail of a letter, or None where there is nobody to write to any more.
    """
    done = 0
    while done < AT_ONCE and (letter := claim_next()):
        _send(letter, write)
        done += 1
    return done


def claim_next() -> LetterDue | None:
    """Claim the letter that has been due for longest; committed before it is returned."""
    now = database_now()
    if not bulk.fetch(_DUE, [instant_parameter(now)]):  # seldom is anything due: a look takes no lock
        return None
    until, skip = now + CLAIM, " FOR UPDATE OF l SKIP LOCKED" if bulk.is_postgresql() else ""
    rows = bulk.fetch(
        f"UPDATE base_letter SET due_at = %s, attempts = attempts + 1 WHERE id = ({_DUE}{skip}) AND state = 'pending' "  # noqa: S608 - constants
        "AND due_at <= %s RETURNING id, key, kind, subject, occurred_at, attempts",
        [instant_parameter(until), instant_parameter(now), instant_parameter(now)],
    )
    if not rows:
        return None
    identity, key, kind, subject, occurred_at, attempts = rows[0]
    instant = as_instant(occurred_at)
    assert instant is not None  # noqa: S101 - the column is not null
    return LetterDue(identity, key, kind, subject, instant, attempts, until)


def _send(letter: LetterDue, write: Write) -> None:
    try:
        message = write(letter)
        if message is not None:
            message.extra_headers |= {
                "Message-ID": letter.message_id,
                "Date": format_datetime(letter.occurred_at),
                "Auto-Submitted": "auto-generated",
            }
            message.send()
    except (DatabaseError, InterfaceError):
        raise  # nothing of the letter's own: it is tried again when its claim is over
    except Exception as error:  # noqa: BLE001 - whatever fails is this letter's own, and kept with it
        _fail(letter, error)
    else:
        _settle(letter, Letter.State.UNNEEDED if message is None else Letter.State.SENT)


def _settle(letter: LetterDue, state: Letter.State, *, error: str = "") -> None:
    """Note what became of a letter, unless the claim has run out and another worker has it."""
    _mine(letter).update(state=state, finished_at=database_now(), last_error=error)


def _mine(letter: LetterDue) -> QuerySet[Letter]:
    """Return the letter's row while the claim holds: each claim is another attempt, and runs out at its own time."""
    claimed = {"attempts": letter.attempts, "due_at": letter.until}
    return Letter.objects.filter(pk=letter.id, state=Letter.State.PENDING, **claimed)


def _fail(letter: LetterDue, error: Exception) -> None:
    said = _words(error)
    if letter.attempts >= MOST_ATTEMPTS or is_final(error):
        logger.error("the letter %s about %s is given up: %s", letter.kind, letter.subject, said)
        _settle(letter, Letter.State.DEAD, error=said)
        return
    logger.warning("the letter %s about %s waits: %s", letter.kind, letter.subject, said)
    wait = min(LONGEST_WAIT, FIRST_WAIT * 3 ** (letter.attempts - 1))
    _mine(letter).update(due_at=database_now() + timedelta(seconds=wait), last_error=said)


def _words(error: Exception) -> str:
    """Say what failed without repeating whom the letter was for: that is kept nowhere but with the order."""
    name = type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"{name}: {', '.join(str(code) for code, _said in error.recipients.values())}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{name}: {error.smtp_code}"
    if isinstance(error, OSError):
        return f"{name}: {error.strerror or 'no answer'}"[:LONGEST_ERROR]
    logger.error("a letter could not be written", exc_info=error)
    return name


def is_final(error: Exception) -> bool:
    """Whether the same message would be refused for ever."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code in _FOR_EVER for code, _said in error.recipients.values())
    if isinstance(error, smtplib.SMTPDataError | smtplib.SMTPSenderRefused):
        return error.smtp_code in _FOR_EVER
    return isinstance(error, BadHeaderError | smtplib.SMTPNotSupportedError)


def send_again(identity: int, *, actor: str, now: datetime) -> None:
    """Have a letter that was given up tried again, with all its attempts before it. Raises NotDeadError."""
    with transaction.atomic():
        row = Letter.objects.select_for_update().filter(pk=identity, state=Letter.State.DEAD).first()
        if row is None:
            raise NotDeadError("This letter is not given up any more. Look at it again.")
        row.state, row.attempts, row.due_at, row.finished_at = Letter.State.PENDING, 0, now, None
        row.save(update_fields=["state", "attempts", "due_at", "finished_at"])
        detail = {"kind": row.kind, "subject": row.subject}
        trail.note_change(actor, action="letter.again", target=f"letter/{row.pk}", at=now, detail=detail)
