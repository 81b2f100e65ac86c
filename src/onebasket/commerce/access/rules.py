"""Who may do what: least rights for people by role, scopes for tokens, both bound to places."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

EVERY_PLACE = "*"
SHOP_SOURCE = "web-shop"
KIOSK_SOURCE = "kiosk"
KIOSK_SCOPE = "kiosk"
"""The code of the source under which our own web shop opens baskets and places orders."""
LONGEST_KEY = 120
_NUL = rb"\u0000"
_SECRET = re.compile(r"ob_[A-Za-z0-9_-]{43}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")

SCOPES: dict[str, str] = {
    "metrics:read": "Read /metrics from another machine.",
    "sales:write": "Send receipts.",
    "sales:read": "Read receipts.",
    "orders:write": "Place, cancel, pick and hand over orders; take and drop holds.",
    "orders:read": "Read orders and holds.",
    "storefront": "Open, change and check out baskets; read slots.",
    "stock:write": "Book deliveries, counts, adjustments and transfers; set buffers.",
    "stock:read": "Read shelves, movements and what is available.",
    "catalogue:write": "Load and retire products, units and barcodes.",
    "catalogue:read": "Read products, units and barcodes.",
    "prices:write": "Set and end prices.",
    "prices:read": "Read prices and their history.",
    "promotions:write": "Set, launch and end promotions, campaigns and coupons; make single-use codes known.",
    "promotions:read": "Read promotions, campaigns and coupons.",
    "coupons:clip": "Put digital coupons on customers' cards.",
    "taxes:write": "Set and end taxes, and say how they are reckoned.",
    "taxes:read": "Read taxes.",
    "payments:read": "Read payments and refunds.",
    "refunds:write": "Give back what was paid for orders.",
    "returns:write": "Take goods back, and pay back what was paid for them; at another amount with a reason.",
    "returns:read": "Read returns.",
    "giftcards:write": "Make, activate and block gift cards.",
    "giftcards:read": "Read what is on a gift card, by its code.",
    "partners:write": "State partners, agreements, exchange rates and offers; settle what is odd of theirs.",
    "partners:read": "Read partners, agreements, offers, referrals, their parts of orders, and commission.",
    "books:read": "Read the journal and what it comes to.",
    "kiosk": "Be a kiosk of one store: its own pages, nothing of the API.",
    "customers:write": "Load, change, merge, retire and erase customers; hand out codes that prove a card.",
    "customers:read": "Read customers, what they bought, and all that is kept about them.",
    "places:write": "Load places; state when they hand out.",
    "places:read": "Read places, and when they hand out.",
    "events:read": "Read events by position.",
    "webhooks:write": "Subscribe addresses to events, and end that.",
    "webhooks:read": "Read webhooks and their deliveries.",
    "quarantine:write": "Mend, replay and discard what is in quarantine.",
    "quarantine:read": "Read what is in quarantine, whole.",
    "exceptions:write": "Settle line exceptions, breaches and discrepancies.",
    "exceptions:read": "Read line exceptions, breaches and discrepancies.",
}
"""What a token may be issued for."""

RIGHTS: dict[str, str] = {
    "places.read": "See places.",
    "places.edit": "Change places.",
    "catalogue.read": "See products, units and barcodes.",
    "catalogue.edit": "Change and retire products, units and barcodes.",
    "prices.read": "See prices and their history.",
    "prices.set": "Set and end prices.",
    "promotions.read": "See promotions, campaigns, coupons and taxes.",
    "promotions.set": "Set, preview, launch and end promotions and coupons.",
    "taxes.set": "Set and end taxes, and say how they are reckoned.",
    "customers.read": "See customers.",
    "customers.edit": "Change, merge and retire customers, and hand out codes that prove a card.",
    "customers.erase": "Hand out, and erase, all that is kept about a customer.",
    "stock.read": "See shelves and movements.",
    "stock.count": "Book counts, adjustments and deliveries.",
    "buffers.set": "Set what is kept back from a channel.",
    "sales.read": "See receipts.",
    "orders.read": "See orders.",
    "orders.cancel": "Cancel orders.",
    "orders.pick": "Pick orders, put goods back and hand over.",
    "kiosk.open": "Open and close kiosks.",
    "payments.read": "See payments and refunds.",
    "payments.refund": "Give back what was paid.",
    "balances.read": "See gift cards and store credit.",
    "balances.issue": "Make gift cards and give store credit.",
    "balances.block": "Block gift cards and store credit, and open them again.",
    "slots.read": "See collection slots, their plans and who has taken them.",
    "slots.plan": "Set when places hand out, and how much.",
    "partners.read": "See partners, agreements, offers, referrals and parts of orders.",
    "partners.edit": "State partners, agreements and exchange rates; read catalogues.",
    "partners.secrets": "Set what a partner's platform knows us by.",
    "partners.work": "Settle what is odd of a partner's, and look into parts of orders.",
    "commission.read": "See commission, line by line and as it was restated.",
    "books.read": "See the journal, what it comes to, and customers' points.",
    "points.set": "Set how points are earned.",
    "returns.override": "Pay back another amount than was worked out.",
    "returns.set": "Say what a broken multi-buy pays back.",
    "exceptions.read": "See line exceptions, breaches and discrepancies.",
    "exceptions.work": "Settle line exceptions, breaches and discrepancies.",
    "quarantine.read": "See what is in quarantine, whole.",
    "quarantine.work": "Mend, replay and discard what is in quarantine.",
    "events.read": "See events, webhooks and deliveries.",
    "parked.work": "Replay and drop events that an action failed on.",
    "webhooks.manage": "Subscribe addresses to events, and end that.",
    "trail.read": "See who changed what.",
    "sources.enrol": "Enrol tills, stores and partner systems, and close them.",
    "tokens.issue": "Issue and revoke tokens.",
    "users.manage": "Make users, and change their role, places and password.",
}
"""What a person may do in the back office."""

CHAIN_WIDE_READS = frozenset({"places.read", "catalogue.read", "prices.read", "promotions.read"})
"""Rights that concern no single place, so that a store role has them anywhere."""

_WATCH = CHAIN_WIDE_READS | {"stock.read", "sales.read", "orders.read", "exceptions.read", "slots.read"}

_STORE = (
    _WATCH
    | {"stock.count", "orders.cancel", "orders.pick", "exceptions.work", "quarantine.read", "quarantine.work"}
    | {"slots.plan", "payments.read", "payments.refund", "kiosk.open"}
)

ROLE_RIGHTS: dict[str, frozenset[str]] = {
    "admin": frozenset(RIGHTS),
    "merchandiser": _WATCH
    | {"partners.read", "partners.edit", "partners.work"}
    | {"catalogue.edit", "prices.set", "promotions.set", "buffers.set", "exceptions.work", "slots.plan"},
    "store": _STORE,
    # Whoever answers for a store: what its people ask somebody for.
    "manager": _STORE | {"returns.override"},
    "finance": _WATCH
    | {"partners.read", "partners.work", "commission.read"}
    | {"books.read", "points.set", "taxes.set", "returns.set", "quarantine.read", "quarantine.work", "trail.read"}
    | {"payments.read", "payments.refund", "balances.read", "balances.issue", "balances.block"},
    "reader": _WATCH,
}
"""What each role may do; nothing else is allowed."""

PLACE_BOUND_ROLES = frozenset({"store", "manager"})

SHOPPER = "shopper"
"""The role of people who buy: it stands in no list above, so it has no right to anything of the chain's."""


class TokenFacts(msgspec.Struct, frozen=True):
    """A token as the API reads it. `places` are place codes; `every_place` when it is bound to none."""

    id: int
    source_id: int
    source_code: str
    name: str
    scopes: frozenset[str]
    places: frozenset[str]
    every_place: bool
    expires_at: datetime | None
    revoked_at: datetime | None
    source_active: bool

    def is_valid(self, now: datetime) -> bool:
        """Whether the token still opens anything at this instant; expiry is half-open."""
        if self.revoked_at is not None or not self.source_active:
            return False
        return self.expires_at is None or now < self.expires_at

    def covers(self, place: str) -> bool:
        """Whether the token reaches this place code."""
        return self.every_place or place in self.places


class SourceFacts(msgspec.Struct, frozen=True, gc=False):
    """An enrolled till, store or partner system."""

    id: int
    code: str
    name: str
    active: bool


class UserFacts(msgspec.Struct, frozen=True):
    """A person as rights are decided: `places` (codes) bind a store role only."""

    username: str
    role: str
    places: frozenset[str] = frozenset()
    active: bool = True


class AccountFacts(msgspec.Struct, frozen=True):
    """A log-in: its e-mail addresses that were verified, and whether a second factor guards it."""

    user_id: int
    role: str
    email: str
    verified: tuple[str, ...]
    since: datetime
    last_login: datetime | None
    second_factor: bool


def reach(user: UserFacts, right: str) -> frozenset[str] | None:
    """Return the place codes at which the user has the right: None is everywhere, empty is nowhere.

    An unknown right or role reaches nothing. Lists filter by it; `may` decides about one place.
    """
    if not user.active or right not in ROLE_RIGHTS.get(user.role, frozenset()):
        return frozenset()
    if user.role in PLACE_BOUND_ROLES and right not in CHAIN_WIDE_READS:
        return user.places
    return None


def may(user: UserFacts, right: str, place: str | None = None) -> bool:
    """Whether the user has the right at a place (its code); without one, for things that belong to no place."""
    places = reach(user, right)
    return places is None or place in places


def is_staff(user: UserFacts) -> bool:
    """Whether somebody works here: pages of the chain are for nobody else, whatever rights they ask for."""
    return user.active and user.role in ROLE_RIGHTS


def token_digest(secret: str) -> str:
    """Return the 64 hex digits under which a token is kept (SHA-256: a secret of 256 random bits needs no salt)."""
    return sha256(secret.encode()).hexdigest()


def is_token(text: str) -> bool:
    """Whether a text has the form of a token: `ob_` and 43 URL-safe characters."""
    return _SECRET.fullmatch(text) is not None


def code_problem(code: str) -> str:
    """Say what is wrong with a source's code, or nothing."""
    if _CODE.fullmatch(code):
        return ""
    return (
        "A code has 1 to 64 letters, digits, dots, colons, hyphens or underscores, and begins with a letter or digit."
    )


def scopes_problem(scopes: Iterable[str]) -> str:
    """Say what is wrong with the scopes asked for, or nothing."""
    asked = set(scopes)
    if not asked:
        return "A token needs at least one scope."
    unknown = sorted(asked - SCOPES.keys())
    return f"Unknown scopes: {', '.join(unknown)}. Known are {', '.join(sorted(SCOPES))}." if unknown else ""


def binding_problem(role: str, places: Iterable[str]) -> str:
    """Say what is wrong with a role and the places it is to be bound to, or nothing."""
    bound = set(places)
    if role not in ROLE_RIGHTS:
        return f"Unknown role {role!r}. Known are {', '.join(ROLE_RIGHTS)}."
    if role in PLACE_BOUND_ROLES and (not bound or EVERY_PLACE in bound):
        return f"The role {role} is bound to places: name at least one place code."
    if role not in PLACE_BOUND_ROLES and bound:
        return f"The role {role} is not bound to places: leave them out."
    return ""


class SourceItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What a source sends in bulk; the `key` names it within the source, for ever."""

    key: Annotated[str, Meta(min_length=1, max_length=LONGEST_KEY)]


class ItemOutcome(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What became of one item that a source sent; `message` says what is wrong with it and what to do."""

    outcome: Literal["created", "updated", "unchanged", "invalid", "conflict"]
    message: str = ""


CREATED = ItemOutcome("created")
UPDATED = ItemOutcome("updated")
UNCHANGED = ItemOutcome("unchanged")
CONFLICT = ItemOutcome(
    "conflict", "This key was used before for other content, which stands. Send the change under a key of its own."
)


def invalid(message: str) -> ItemOutcome:
    """Refuse an item, saying what is wrong with it and what to do."""
    return ItemOutcome("invalid", message)


def key_problem(key: str) -> str:
    """Say what is wrong with an item's key, or nothing."""
    if 1 <= len(key) <= LONGEST_KEY and "\x00" not in key:
        return ""
    return f"A key has 1 to {LONGEST_KEY} characters."


def shape_problem(item: msgspec.Struct) -> str:
    """Say which field of an item breaks the bounds that its type states, or nothing."""
    written = _encode(item)
    try:
        _decoder(type(item)).decode(written)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        return f"{where.rstrip('`') or 'item'}: {what}."
    if _NUL in written and _holds_nul(msgspec.to_builtins(item)):
        return "A text holds a NUL character, which no screen shows. Remove it."
    return ""


def _holds_nul(plain: object) -> bool:
    if isinstance(plain, str):
        return "\x00" in plain
    if isinstance(plain, dict):
        return any(_holds_nul(value) for value in plain.values())
    return isinstance(plain, list | tuple) and any(_holds_nul(value) for value in plain)


@cache
def _decoder(shape: type[msgspec.Struct]) -> msgspec.json.Decoder[msgspec.Struct]:
    return msgspec.json.Decoder(shape)


_encode = msgspec.json.Encoder().encode
