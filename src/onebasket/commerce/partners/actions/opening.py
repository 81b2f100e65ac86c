"""How a partner's platform is opened for a call, and tokens that a call renewed are kept."""

import msgspec
from django.db.models import Q

from onebasket.base.sealing import seal
from onebasket.commerce.partners.gateways.registry import GATEWAYS
from onebasket.commerce.partners.models import Partner
from onebasket.commerce.partners.queries.partners import PURPOSE, Credentials, gateway_account
from onebasket.commerce.partners.rules.port import Gateway


def open_gateway(partner_id: int) -> Gateway:
    """Return a partner's gateway, ready for calls; one statement. Make calls outside any transaction.

    Raises:
        Partner.DoesNotExist: there is no such partner.
        UnsealableError: its secrets were sealed under another key of the installation.
    """
    name, account = gateway_account(partner_id)
    return GATEWAYS[name](account)


def keep_tokens(partner_id: int, gateway: Gateway) -> None:
    """Keep tokens that a call renewed; nothing where they are as they were."""
    tokens = gateway.renewed_tokens()
    if tokens is None:
        return
    _name, account = gateway_account(partner_id)
    kept = Credentials(account.app_key, account.secret, tokens)
    sealed = seal(msgspec.json.encode(kept).decode(), purpose=PURPOSE)
    # Somebody else may have renewed them once more meanwhile: the older ones are used up.
    older = Q(tokens_until__isnull=True) | Q(tokens_until__lte=tokens.access_until) if tokens.access_until else Q()
    fit = Partner.objects.filter(older, pk=partner_id)
    fit.update(credentials=sealed, tokens_until=tokens.access_until)
