"""The end of shoppers' accounts. Their beginning is the log-in's own: allauth makes them."""

from collections.abc import Iterable

from onebasket.base.locking import require_transaction
from onebasket.commerce.access.models import User
from onebasket.commerce.access.rules import SHOPPER


def end_shoppers(user_ids: Iterable[int]) -> int:
    """Delete these accounts, with their addresses and second factors, in the present transaction; return how many.

    Sessions of theirs open nothing from now on. Accounts of the chain's people are never deleted.
    """
    require_transaction()
    found = User.objects.filter(pk__in=sorted(set(user_ids)), role=SHOPPER)
    ended = found.count()
    found.delete()
    return ended
