"""The revision under which processes remember promotions, coupons and taxes."""

import secrets

from onebasket.base import bulk


def renew_revision() -> None:
    """Give pricing a new revision, so that no process goes on with what it has compiled of the old one.

    In one statement: promotions and taxes are written beside one another, and both may be the first.
    """
    bulk.execute(
        "INSERT INTO pricing_revision (id, token) VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET token = excluded.token",
        [secrets.randbits(62) + 1],
    )
