"""A partner without a platform: links by template; its catalogue and statements come as files, which people load."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from onebasket.commerce.partners.gateways.feed.links import make_link, template_problem
from onebasket.commerce.partners.rules.port import (
    Capability,
    CommissionPage,
    Forged,
    GatewayAccount,
    NotDone,
    OddItem,
    OfferPage,
    OfferStated,
    OrderAsked,
    Placed,
    PushStated,
    Refused,
    TheirOrder,
    Tokens,
    Trouble,
)

LINK = "link_template"
"""The option that says how a link is made (`links`); without it links lead to the offer's own address."""
_NOT_ABLE = NotDone("a partner of files has no platform to ask", "not_able")


def options_problem(options: Mapping[str, str]) -> str:
    """Say what is wrong with a partner's options; nothing where they are fit."""
    problem = template_problem(options[LINK]) if options.get(LINK) else ""
    return f"options: {LINK}: {problem}" if problem else ""


class FeedGateway:
    """Links by template, and nothing else: files are loaded by `onebasket load offers`."""

    capabilities = frozenset({Capability.LINKS})

    def __init__(self, account: GatewayAccount) -> None:
        """Keep how links are made."""
        self._template = account.options.get(LINK, "")

    def link(self, url: str, click: str, *, seconds: float) -> str | Trouble:  # noqa: ARG002 - nobody is asked
        """Return the address at which the partner's page knows our click."""
        return make_link(self._template, url=url, click=click)

    def list_offers(self, cursor: str, *, seconds: float) -> OfferPage | Trouble:  # noqa: ARG002
        """Say that files are loaded."""
        return _NOT_ABLE

    def read_offers(self, references: Sequence[str], *, seconds: float) -> tuple[OfferStated, ...] | Trouble:  # noqa: ARG002
        """Say that nobody can be asked."""
        return _NOT_ABLE

    def place_order(self, asked: OrderAsked, *, seconds: float) -> Placed | Refused | Trouble:  # noqa: ARG002
        """Say that nobody can be asked."""
        return _NOT_ABLE

    def find_orders(self, ours: str, *, since: datetime, seconds: float) -> tuple[TheirOrder, ...] | Trouble:  # noqa: ARG002
        """Say that nobody can be asked."""
        return _NOT_ABLE

    def read_order(self, reference: str, *, seconds: float) -> TheirOrder | Refused | Trouble:  # noqa: ARG002
        """Say that nobody can be asked."""
        return _NOT_ABLE

    def list_commissions(
        self,
        cursor: str,  # noqa: ARG002
        *,
        since: datetime,  # noqa: ARG002
        until: datetime,  # noqa: ARG002
        seconds: float,  # noqa: ARG002
    ) -> CommissionPage | Trouble:
        """Say that statements are loaded."""
        return _NOT_ABLE

    def read_push(self, headers: Mapping[str, str], body: bytes) -> PushStated | OddItem | Forged:  # noqa: ARG002
        """Refuse it: such a partner sends nothing by itself."""
        return Forged("a partner of files sends no pushes")

    def renewed_tokens(self) -> Tokens | None:
        """Return none: there are no tokens."""
        return None
