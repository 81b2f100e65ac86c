"""Mail as the workers send it, in the test's own process."""

from django.core import mail

from onebasket.base.letters import send_letters
from onebasket.base.relay import number_waiting
from onebasket.base.subscriptions import dispatch
from onebasket.channels.shop.mail import write_letter
from onebasket.channels.workers.subscriptions import WRITING


def post() -> list[mail.EmailMessage]:
    """Do what the workers do until nothing is left to do; return every mail that was sent in this test."""
    while number_waiting() + dispatch(WRITING):
        pass
    while send_letters(write_letter):
        pass
    return list(mail.outbox)
