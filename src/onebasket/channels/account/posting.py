"""Mail that nobody may time: sent beside the request, so that an answer takes as long whether one leaves or not."""

import logging
import smtplib
from concurrent.futures import Future, ThreadPoolExecutor

from django.core.mail import EmailMessage

logger = logging.getLogger(__name__)

_beside = ThreadPoolExecutor(max_workers=2, thread_name_prefix="mail")


def post(message: EmailMessage) -> "Future[None]":
    """Send a message soon; what cannot be sent is logged, and can be asked for again."""
    return _beside.submit(_send, message)


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except (smtplib.SMTPException, OSError):
        logger.exception("an e-mail could not be sent")
