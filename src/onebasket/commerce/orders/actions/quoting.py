"""Price a batch of order requests through promotions, and claim what their promotions and coupons allow."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from onebasket.commerce.orders.actions.world import Shortlist, World
from onebasket.commerce.orders.rules.messages import OrderRequest
from onebasket.commerce.places.rules import PlaceFacts
from onebasket.commerce.pricing.actions.redeeming import Redeeming
from onebasket.commerce.pricing.queries.quoting import Asked, Quote, QuoteAsk, Quoted, open_quoting
from onebasket.commerce.pricing.rules.uses import Use
from onebasket.kernel.identity import new_id

MoreUses = Mapping[int, Sequence[Use]]
"""What requests turned out to use in an earlier pass, by position: it is locked beforehand in the next."""


class Pricing:
    """What requests come to at the places that may serve them, and the uses that they claim.

    Uses are locked before any shelf, so they are worked out for every place that may serve a request. What a request
    uses beyond that, because it is promised in part, is known under the shelves' lock alone: it is decided again.
    """

    def __init__(self, requests: Mapping[int, OrderRequest], world: World, *, now: datetime) -> None:
        """Read what prices need, in a fixed number of statements."""
        self.ids = {position: new_id() for position in requests}
        self._requests, self._world = requests, world
        self._asks = {
            position: QuoteAsk(one.channel, now, one.loyalty_number, one.coupons, without_staff=True)
            for position, one in requests.items()
        }
        place = next(iter(world.places.values()))
        wanted = [
            Quote(place, self._lines(position, _all_of(one)), self._asks[position])
            for position, one in requests.items()
        ]
        self._quoting = open_quoting(wanted, book=(now, world.prices))
        self._known: dict[tuple[int, int, tuple[int, ...]], Quoted] = {}
        self._uses = Redeeming(())

    def lock(self, lists: Mapping[int, Shortlist], more: MoreUses) -> None:
        """Lock what the requests may use: only what has a card or a single-use code is counted."""
        wanted: list[Use] = []
        for position, request in self._requests.items():
            if not (request.loyalty_number or request.coupons):
                continue
            for place in lists[position].places:
                if self._is_priced(place, request):
                    wanted += self.quote(position, place, _all_of(request)).uses(self.ids[position])
            wanted += more.get(position, ())
        self._uses.lock([use for use in dict.fromkeys(wanted) if use.loyalty_number or use.serial])

    def quote(self, position: int, place: PlaceFacts, quantities: Sequence[int]) -> Quoted:
        """Return what a request comes to at a place that has a price for every line; quantities by line, in steps."""
        key = position, place.id, tuple(quantities)
        found = self._known.get(key)
        if found is None:
            quote = Quote(place, self._lines(position, quantities), self._asks[position])
            priced = self._quoting.price(quote)
            assert isinstance(priced, Quoted)  # noqa: S101 - asked of priced places alone
            found = self._known[key] = priced
        return found

    def claim(self, position: int, quoted: Quoted, *, last: bool) -> str | list[Use]:
        """Claim what an order uses: nothing where it may, what it uses where that is not locked yet, else why not."""
        uses = quoted.uses(self.ids[position])
        if not self._uses.covers(uses):
            if not last:
                return uses
            self._uses.lock([use for use in uses if use.loyalty_number or use.serial])
        refused = self._uses.claim(uses)
        return refused[0].use.code if refused else ""

    def post(self, *, now: datetime) -> None:
        """Write what was claimed."""
        self._uses.post(now=now)

    def id_of(self, position: int) -> UUID:
        """Return the id that a request's order will have."""
        return self.ids[position]

    def _is_priced(self, place: PlaceFacts, request: OrderRequest) -> bool:
        products = [self._world.products[line.sku].id for line in request.lines]
        return self._world.prices.find_all(place.id, products) is not None

    def _lines(self, position: int, quantities: Sequence[int]) -> list[Asked]:
        lines = enumerate(zip(self._requests[position].lines, quantities, strict=True), 1)
        products = self._world.products
        return [Asked(number, products[line.sku], quantity) for number, (line, quantity) in lines if quantity]


def _all_of(request: OrderRequest) -> list[int]:
    return [line.quantity for line in request.lines]
