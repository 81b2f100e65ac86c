"""Tables of partners, their offers, referrals, parts of orders that they serve, commission, and what was odd."""

from onebasket.commerce.partners.models.commissions import CommissionEntry, CommissionLine
from onebasket.commerce.partners.models.oddities import Oddity, ReceivedPush
from onebasket.commerce.partners.models.offers import Offer, OfferImport, OfferRevision
from onebasket.commerce.partners.models.partners import Agreement, CommissionTerm, ExchangeRate, Partner, PartnerCursor
from onebasket.commerce.partners.models.parts import (
    PartnerAddress,
    PartnerAttempt,
    PartnerPart,
    PartnerPartLine,
    PartnerReturn,
    TheirOrder,
)
from onebasket.commerce.partners.models.referrals import Referral, ShownOffers

__all__ = [
    "Agreement",
    "CommissionEntry",
    "CommissionLine",
    "CommissionTerm",
    "ExchangeRate",
    "Oddity",
    "Offer",
    "OfferImport",
    "OfferRevision",
    "Partner",
    "PartnerAddress",
    "PartnerAttempt",
    "PartnerCursor",
    "PartnerPart",
    "PartnerPartLine",
    "PartnerReturn",
    "ReceivedPush",
    "Referral",
    "ShownOffers",
    "TheirOrder",
]
