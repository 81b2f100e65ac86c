"""The gateways there are, by the name that a partner states."""

from collections.abc import Callable, Mapping

from onebasket.commerce.partners.gateways.feed.gateway import FeedGateway, options_problem
from onebasket.commerce.partners.gateways.iop.gateway import IopGateway
from onebasket.commerce.partners.rules.port import Gateway, GatewayAccount

GATEWAYS: Mapping[str, Callable[[GatewayAccount], Gateway]] = {"feed": FeedGateway, "iop": IopGateway}
"""How each is opened for an account."""

OPTION_CHECKS: Mapping[str, Callable[[Mapping[str, str]], str]] = {"feed": options_problem}
"""What says what is wrong with the options of a partner of that gateway; nothing where they are fit."""
