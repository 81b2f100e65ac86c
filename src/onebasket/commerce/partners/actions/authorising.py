"""How a code that a platform shows becomes tokens: asked for once, outside any transaction, and kept sealed."""

from typing import Protocol, runtime_checkable

from onebasket.base.outside import require_no_transaction
from onebasket.commerce.partners.actions.opening import open_gateway
from onebasket.commerce.partners.actions.registering import set_credentials
from onebasket.commerce.partners.queries.partners import Credentials, gateway_account
from onebasket.commerce.partners.rules.port import NotDone, Tokens

SECONDS = 10.0


@runtime_checkable
class Authorises(Protocol):
    """A gateway whose platform gives tokens for a code."""

    def authorise(self, code: str, *, seconds: float) -> Tokens | NotDone:
        """Return the tokens for a code."""


class NotAuthorisedError(Exception):
    """The platform gave no tokens; the message says why and what to do."""


def authorise_partner(partner_id: int, code: str, *, actor: str) -> None:
    """Ask a partner's platform for the tokens of a code, and keep them sealed.

    Raises:
        NotAuthorisedError: its gateway knows no codes, or the platform refused this one.
        Partner.DoesNotExist: there is no such partner.
    """
    require_no_transaction()
    gateway = open_gateway(partner_id)
    if not isinstance(gateway, Authorises):
        raise NotAuthorisedError("This partner's gateway knows no codes.")
    answer = gateway.authorise(code, seconds=SECONDS)
    if isinstance(answer, NotDone):
        raise NotAuthorisedError(f"The platform gave no tokens: {answer.reason}. Ask it for a new code.")
    _name, account = gateway_account(partner_id)
    set_credentials(account.partner, Credentials(account.app_key, account.secret, answer), actor=actor)
