"""The demo's partners: two sandbox marketplaces with goods of their own, and some that the chain sells too.

Their names, prices and terms are made up. What they sell of the chain's own goods bears the same
barcode there and here, of the range that GS1 keeps for examples, so that it is told together.
"""

import json
import secrets
from collections.abc import Iterable
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import msgspec

from onebasket.channels.demo.chain import GENERAL_MERCHANDISE, Chain, ChainProduct
from onebasket.channels.demo.installing import ACTOR
from onebasket.channels.demo.keeping import DemoError, read_kept, write_kept
from onebasket.commerce.partners.actions.registering import (
    set_credentials,
    upsert_agreements,
    upsert_partners,
    upsert_rates,
)
from onebasket.commerce.partners.queries.partners import Credentials
from onebasket.commerce.partners.rules.partners import (
    AgreementItem,
    CommissionTermItem,
    ExchangeRateItem,
    Merchant,
    PartnerItem,
)
from onebasket.commerce.partners.rules.port import Tokens

HOST = "127.0.0.1"
APP_KEY = "onebasket-demo"
_COMMISSION = 70_000
_PACE_SECONDS, _COMMISSION_SECONDS = 45, 30


class DemoPartner(NamedTuple):
    """A partner of the demo: `beside` is how far its port lies from the hub's, `rate` its currency's in billionths.

    `own` whether it has the sandbox's own goods; `share` of how many of the chain's general merchandise it has one, and
    `per_cent` of the chain's price it asks for that.
    """

    code: str
    name: str
    shop: str
    currency: str
    rate: int
    merchant: Merchant
    markup: int
    beside: int
    own: bool
    share: int
    per_cent: int


PARTNERS = (
    DemoPartner(
        code="lantern", name="Lantern & Loom", shop="Lantern Daily", currency="GBP", rate=1_270_000_000,
        merchant=Merchant.AGENT, markup=0, beside=100, own=True, share=29, per_cent=97,
    ),
    DemoPartner(
        code="harbour", name="Harbour Goods", shop="Harbour Goods", currency="EUR", rate=1_080_000_000,
        merchant=Merchant.PRINCIPAL, markup=80_000, beside=200, own=False, share=12, per_cent=88,
    ),
)  # fmt: skip


class Secrets(msgspec.Struct, frozen=True):
    """What a sandbox is started with: the app's secret, and the token that opens its control."""

    secret: str
    control: str


def port_of(partner: DemoPartner, hub_port: int) -> int:
    """Return the port of a partner's sandbox: addresses of goods lead there, so it stays from start to start."""
    port = hub_port + partner.beside
    return port if port <= 65_535 else port - 2 * partner.beside  # noqa: PLR2004 - the last port there is


def write_goods(folder: Path, chain: Chain) -> None:
    """Write what each partner has of the chain's own general merchandise, as the sandbox reads it."""
    prices = {price.sku: price.amount for price in chain.prices if not price.place}
    goods = [
        product
        for product in sorted(chain.assortment, key=lambda product: product.product_id)
        if product.department in GENERAL_MERCHANDISE and not product.weighed and prices.get(product.sku)
    ]
    for partner in PARTNERS:
        lines = [_good(partner, product, prices[product.sku]) for product in goods[:: partner.share]]
        goods_file(folder, partner).write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def goods_file(folder: Path, partner: DemoPartner) -> Path:
    """Return where a partner's goods of the chain's kind are written."""
    return folder / f"goods-{partner.code}.jsonl"


def _good(partner: DemoPartner, product: ChainProduct, amount: int) -> dict[str, object]:
    cents = amount * partner.per_cent // 100
    return {
        "title": product.name,
        "price": max(1, cents * 1_000_000_000 // partner.rate),
        "stock": product.product_id % 23,
        "shop": partner.shop,
        "category": f"{product.department} > {product.category or 'More'}",
        "gtin": product.codes[-1],
        "brand": product.brand,
        "shipping": 290,
        "days": [2, 5],
    }


def agree(*, source_id: int, hub_port: int, since: datetime) -> None:
    """State the partners where they run now, what was agreed with them, and what their money is worth."""
    items = []
    for partner in PARTNERS:
        address = f"http://{HOST}:{port_of(partner, hub_port)}"
        items.append(
            PartnerItem(
                key=f"partner-{partner.code}-{hub_port}",
                code=partner.code,
                name=partner.name,
                gateway="iop",
                currency=partner.currency,
                endpoint=address,
                options={"hosts": address, "tracking_id": "onebasket"},
            )
        )
    _taken(upsert_partners(source_id, items))
    terms = (CommissionTermItem(_COMMISSION),)
    _taken(
        upsert_agreements(
            source_id,
            [
                AgreementItem(
                    key=f"agreement-{one.code}",
                    partner=one.code,
                    starts_on=since.date(),
                    currency="USD",
                    merchant=one.merchant,
                    commission=terms,
                    markup=one.markup,
                )
                for one in PARTNERS
            ],
        )
    )
    _taken(
        upsert_rates(
            source_id,
            [
                ExchangeRateItem(
                    key=f"rate-{one.currency}", base=one.currency, quote="USD", billionths=one.rate, valid_from=since
                )
                for one in PARTNERS
            ],
        )
    )


def _taken(outcomes: Iterable[object]) -> None:
    for outcome in outcomes:
        if getattr(outcome, "outcome", "") == "invalid":
            raise DemoError(f"The demo's partners cannot be stated: {getattr(outcome, 'message', '')}")


def command_of(partner: DemoPartner, program: Iterable[str], folder: Path, hub_port: int) -> list[str]:
    """Return the command line of a partner's sandbox, its secrets in a file only its owner can read."""
    secrets_of(folder, partner)
    return [
        *program, "partner-sandbox", "--port", str(port_of(partner, hub_port)), "--folder", str(folder / partner.code),
        "--app-key", APP_KEY, "--secrets", str(_secrets_file(folder, partner)), "--currency", partner.currency,
        "--name", partner.name,
        "--goods", str(goods_file(folder, partner)), "--own-goods" if partner.own else "--no-own-goods",
        "--push-to", f"http://{HOST}:{hub_port}/partner/{partner.code}/push",
        "--pace", str(_PACE_SECONDS), "--commission-pace", str(_COMMISSION_SECONDS),
    ]  # fmt: skip


def secrets_of(folder: Path, partner: DemoPartner) -> Secrets:
    """Return a sandbox's secrets; they are made the first time."""
    kept = read_kept(_secrets_file(folder, partner), Secrets)
    if kept is None:
        kept = Secrets(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        write_kept(_secrets_file(folder, partner), kept)
    return kept


def _secrets_file(folder: Path, partner: DemoPartner) -> Path:
    return folder / f"secrets-{partner.code}.json"


def introduce_us(folder: Path, partner: DemoPartner, hub_port: int) -> None:
    """Let a partner's platform know us: take tokens from it, and keep them sealed."""
    known = secrets_of(folder, partner)
    line = HTTPConnection(HOST, port_of(partner, hub_port), timeout=10)
    try:
        line.request(
            "POST", "/control/tokens", body=b"{}",
            headers={"Authorization": f"Bearer {known.control}", "Content-Type": "application/json"},
        )  # fmt: skip
        stated = json.loads(line.getresponse().read())
    finally:
        line.close()
    tokens = Tokens(stated["access_token"], stated["refresh_token"])
    set_credentials(partner.code, Credentials(APP_KEY, known.secret, tokens), actor=ACTOR)
