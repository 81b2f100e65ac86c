"""The revision under which processes remember promotions, coupons and taxes."""

import secrets

from onebasket.base import bulk
from onebasket.commerce.pricing.models import Revision


def renew_revision() -> None:
    """Give pricing a new revision, so that no process goes on with what it has compiled of the old one."""
    token = secrets.randbits(62) + 1
    if not bulk.execute("UPDATE pricing_revision SET token = %s", [token]):
        bulk.insert(Revision, ("id", "token"), [(1, token)])
