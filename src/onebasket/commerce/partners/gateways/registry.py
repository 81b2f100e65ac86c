"""The gateways there are, by the name that a partner states."""

from collections.abc import Callable, Mapping

from onebasket.commerce.partners.gateways.feed.gateway import FeedGateway
from onebasket.commerce.partners.gateways.iop.gateway import IopGateway
from onebasket.commerce.partners.rules.port import Gateway, GatewayAccount

GATEWAYS: Mapping[str, Callable[[GatewayAccount], Gateway]] = {"feed": FeedGateway, "iop": IopGateway}
"""How each is opened for an account."""
