"""Mails about facts, each sent once: queued in the transaction that hears of the fact, sent under a claim.

Queueing and hearing commit together, and a key is queued once, so no fact is left out or told twice by us. Sending is
at least once: a worker that was killed leaves a claim that runs out, and the letter is sent again under the same
Message-ID. A back end that knows a message again, as that of files does, so delivers each exactly once; a mail server
gets one again only where we were killed between its "accepted" and our note of it.
"""

from onebasket.base.letters.queueing import NewLetter as NewLetter
from onebasket.base.letters.queueing import queue_letters as queue_letters
from onebasket.base.letters.sending import LetterDue as LetterDue
from onebasket.base.letters.sending import NotDeadError as NotDeadError
from onebasket.base.letters.sending import Write as Write
from onebasket.base.letters.sending import send_again as send_again
from onebasket.base.letters.sending import send_letters as send_letters
