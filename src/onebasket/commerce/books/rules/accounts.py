"""The chart of accounts, as data.

An amount is positive on the debit side and negative on the credit side. An account may have parts: a means of payment,
a tax, a loyalty number. Money is in minor units of a currency; points are a unit of their own.
"""

import enum
from typing import Literal, NamedTuple

POINTS = "POINTS"
"""The unit of loyalty points; any other unit is an ISO 4217 currency code."""

LONGEST_PART, LONGEST_NUMBER = 80, 64
"""How many letters a part has at most, and a loyalty number."""

NatureName = Literal["asset", "liability", "revenue", "expense", "points"]


class Account(enum.IntEnum):
    """An account of the chart, by its number."""

    TAKINGS = 1000
    CUSTOMERS = 1200
    MANUFACTURERS = 1300
    PARTNERS = 1310
    ORDERS_DUE = 1400
    SUSPENSE = 1900
    TAX = 2000
    GIFT_CARDS = 2100
    STORE_CREDIT = 2110
    OWED_TO_PARTNERS = 2200
    TILL_SALES = 4000
    ORDER_SALES = 4010
    PARTNER_SALES = 4020
    DISCOUNTS = 4100
    LAPSED = 4200
    COMMISSION = 4300
    ROUNDING = 5000
    POINTS_COST = 5100
    GOODWILL = 5200
    PARTNER_GOODS = 5300
    POINTS_GRANTED = 9000
    POINTS_AVAILABLE = 9100
    POINTS_PENDING = 9110
    POINTS_SPENT = 9200
    POINTS_EXPIRED = 9300


class AccountFacts(NamedTuple):
    """An account as people read it: what its parts are, and what it tells."""

    account: Account
    name: str
    nature: NatureName
    parts: str
    about: str

    @property
    def number(self) -> int:
        """Return the account's number."""
        return int(self.account)


CHART: tuple[AccountFacts, ...] = (
    AccountFacts(Account.TAKINGS, "Takings", "asset", "means of payment", "Money taken, by its means."),
    AccountFacts(Account.CUSTOMERS, "Invoiced", "asset", "order", "What customers are invoiced for."),
    AccountFacts(
        Account.MANUFACTURERS, "Owed by manufacturers", "asset", "coupon", "Coupons that manufacturers pay for."
    ),
    AccountFacts(Account.PARTNERS, "Owed by partners", "asset", "offer", "Discounts that partners pay for."),
    AccountFacts(
        Account.ORDERS_DUE, "Due on orders", "asset", "order",
        "What is due for goods handed over, less what was paid; below zero it was paid ahead, or is owed back.",
    ),
    AccountFacts(
        Account.SUSPENSE, "Suspense", "asset", "", "What a fact does not tie by: to be looked at."
    ),
    AccountFacts(Account.TAX, "Tax payable", "liability", "tax", "Tax collected, by code and rate."),
    AccountFacts(
        Account.GIFT_CARDS, "Gift cards", "liability", "card",
        "What gift cards are still good for. Sold: not yet on a card. Tendered: not yet taken off one.",
    ),
    AccountFacts(Account.STORE_CREDIT, "Store credit", "liability", "account", "What store credit is still good for."),
    AccountFacts(
        Account.OWED_TO_PARTNERS, "Owed to partners", "liability", "partner",
        "What partners get for what they sent: as agents what was paid less commission, else what it cost.",
    ),
    AccountFacts(
        Account.TILL_SALES, "Sales at tills", "revenue", "tax rate", "Goods sold at list price, tax taken out."
    ),
    AccountFacts(
        Account.ORDER_SALES, "Sales of orders", "revenue", "tax rate", "Goods handed over at list price, tax taken out."
    ),
    AccountFacts(
        Account.PARTNER_SALES, "Sales of partners' goods", "revenue", "tax rate",
        "Goods that partners sent and the chain sold, tax taken out.",
    ),
    AccountFacts(Account.DISCOUNTS, "Discounts", "revenue", "kind", "What the chain itself takes off its prices."),
    AccountFacts(Account.LAPSED, "Lapsed balances", "revenue", "", "Left on gift cards and credit whose time is over."),
    AccountFacts(Account.COMMISSION, "Commission", "revenue", "partner", "Earned on what partners sold as agents."),
    AccountFacts(Account.ROUNDING, "Rounding", "expense", "", "What cash totals are rounded by."),
    AccountFacts(Account.POINTS_COST, "Points paid with", "expense", "", "Money's worth of points that paid."),
    AccountFacts(Account.GOODWILL, "Goodwill", "expense", "", "Credit given for nothing sold."),
    AccountFacts(
        Account.PARTNER_GOODS, "Cost of partners' goods", "expense", "partner", "What the chain buys of partners."
    ),
    AccountFacts(Account.POINTS_GRANTED, "Points granted", "points", "", "Points given, less those taken back."),
    AccountFacts(
        Account.POINTS_AVAILABLE, "Points available", "points", "loyalty number", "Points that can be spent."
    ),
    AccountFacts(
        Account.POINTS_PENDING, "Points pending", "points", "loyalty number", "Points that come with a hand-over."
    ),
    AccountFacts(Account.POINTS_SPENT, "Points spent", "points", "", "Points that paid, less those given back."),
    AccountFacts(Account.POINTS_EXPIRED, "Points expired", "points", "", "Points that lapsed."),
)  # fmt: skip
"""Every account there is."""

BY_ACCOUNT: dict[int, AccountFacts] = {facts.number: facts for facts in CHART}

SALES = frozenset({Account.TILL_SALES, Account.ORDER_SALES, Account.PARTNER_SALES})
POINTS_ACCOUNTS = frozenset(facts.account for facts in CHART if facts.nature == "points")
OF_CUSTOMERS = frozenset({Account.POINTS_AVAILABLE, Account.POINTS_PENDING})
"""The accounts whose parts are loyalty numbers, and whose balances are kept."""

HELD = OF_CUSTOMERS | {Account.ORDERS_DUE, Account.CUSTOMERS, Account.GIFT_CARDS, Account.STORE_CREDIT}
"""The accounts that are read part by part: one customer's, order's or card's statement."""

SOLD, TENDERED = "sold", "tendered"
"""Parts of gift cards: sold and not yet on a card; tendered at a till and not yet taken off one."""
