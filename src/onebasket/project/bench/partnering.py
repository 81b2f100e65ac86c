"""A partner of the open platform with offers, for the benchmarks: made by the actions."""

from datetime import date

from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.importing import state_offers
from onebasket.commerce.partners.actions.registering import set_credentials, upsert_agreements, upsert_partners
from onebasket.commerce.partners.queries.offers import offers_of
from onebasket.commerce.partners.queries.partners import Credentials, partner_by_code
from onebasket.commerce.partners.rules.partners import (
    AgreementItem,
    CommissionTermItem,
    Merchant,
    PartnerFacts,
    PartnerItem,
)
from onebasket.commerce.partners.rules.port import OfferStated

APP_KEY = "bench"
RATE = 70_000
HOST = "bench.example"
AT_ONCE = 2_000


def make_partner(source_id: int, code: str, *, endpoint: str = "", secret: str = "") -> PartnerFacts:
    """Make a partner whose agreement lets shoppers be sent to it, for seven per cent."""
    options = {"hosts": HOST, "tracking_id": "bench"}
    upsert_partners(
        source_id,
        [
            PartnerItem(
                key=f"p-{code}", code=code, name=code.title(), gateway="iop", currency="GBP", endpoint=endpoint,
                options=options,
            )
        ],
    )  # fmt: skip
    agreed = AgreementItem(
        key=f"a-{code}", partner=code, starts_on=date(2020, 1, 1), currency="GBP", merchant=Merchant.AGENT,
        commission=(CommissionTermItem(RATE),),
    )  # fmt: skip
    upsert_agreements(source_id, [agreed])
    if secret:
        set_credentials(code, Credentials(APP_KEY, secret), actor="bench")
    found = partner_by_code(code, at=database_now())
    if found is None:
        raise RuntimeError("the partner was not made")
    return found


def make_offers(partner: PartnerFacts, count: int) -> list[int]:
    """State so many offers; return their ids."""
    now = database_now()
    names = [f"good-{number}" for number in range(count)]
    ids: list[int] = []
    for start in range(0, count, AT_ONCE):
        some = names[start : start + AT_ONCE]
        state_offers(
            partner.id,
            [
                OfferStated(
                    reference=name, title=f"A good of many, {name}", price=1000, currency="GBP", stock=9,
                    url=f"https://{HOST}/item/{name}.html?tid=bench", stated_at=now,
                )
                for name in some
            ],
            now=now,
        )  # fmt: skip
        ids += [one.id for one in offers_of(partner.id, some).values()]
    return ids
