"""A partner whose catalogue a sandbox serves, for tests; and what stands of its reading."""

from datetime import timedelta
from pathlib import Path

from django.db.models import F

from onebasket.base.clock import database_now
from onebasket.commerce.partners.actions.reading import read_catalogues
from onebasket.commerce.partners.actions.registering import set_credentials
from onebasket.commerce.partners.models import Oddity, Offer, OfferImport, PartnerCursor
from onebasket.commerce.partners.queries.partners import Credentials
from onebasket.commerce.partners.rules.partners import PartnerFacts
from onebasket.commerce.partners.rules.port import Tokens
from tests.partnering import make_partner
from tests.sandboxing import APP_KEY, SECRET, SandboxProcess, good, write_goods

FIRST = 1005000000001
FEED, DETAILS = "aliexpress.ds.feed.itemids.get", "aliexpress.affiliate.productdetail.get"


def goods_file(folder: Path, count: int) -> Path:
    """Write goods that cost 2.00, 2.01 and so on."""
    every = [good(f"Thing {number}", 200 + number, id=FIRST + number) for number in range(count)]
    return write_goods(folder / "goods.jsonl", *every)


def partner_at(sandbox: SandboxProcess, code: str = "lantern") -> PartnerFacts:
    """Make a partner of the sandbox, known there."""
    partner = make_partner(code, gateway="iop", endpoint=sandbox.url, partner_currency="GBP", currency="GBP")
    let_in(sandbox, code)
    return partner


def let_in(sandbox: SandboxProcess, code: str = "lantern") -> None:
    """Give a partner new tokens of the sandbox."""
    pair = sandbox.done("POST", "tokens", {})
    until = database_now() + timedelta(hours=1)
    tokens = Tokens(pair["access_token"], pair["refresh_token"], until)
    set_credentials(code, Credentials(APP_KEY, SECRET, tokens), actor="tests")


def read_now() -> int:
    """Read on at once, whatever the reading waits for."""
    PartnerCursor.objects.update(next_at=None)
    return read_catalogues()


def standing() -> tuple[int, int, list[str]]:
    """Return how many offers there are, how many of them are gone, and what is odd."""
    live = Offer.objects.filter(gone=False).count()
    reasons = Oddity.objects.filter(state="open").order_by("reason").values_list("reason", flat=True)
    return live, Offer.objects.filter(gone=True).count(), list(reasons)


def passes() -> list[tuple[str, int, int, int, int]]:
    """Return what the whole passes came to: state, and offers read, created, changed and ended."""
    return list(OfferImport.objects.order_by("pk").values_list("state", "read", "created", "changed", "ended"))


def let_a_day_pass() -> None:
    """Let the last whole pass, and all that it saw, be of yesterday."""
    day = timedelta(days=1)
    PartnerCursor.objects.update(since=F("since") - day, next_at=None)
    Offer.objects.update(seen_at=F("seen_at") - day)
