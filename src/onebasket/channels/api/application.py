"""The API: django-ninja routes and documents it; each endpoint is served by its contract."""

import inspect
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import ValidationError as PathError

from onebasket.channels.api.bodies import decode, read_body, read_key, read_query
from onebasket.channels.api.contract import JSON, Contract, Schemas, describe, security_schemes
from onebasket.channels.api.metering import REQUESTS
from onebasket.channels.api.problems import refuse, translate
from onebasket.channels.api.tokens import Caller, admit

DESCRIPTION = """One stock, one price book, one customer and one set of books for a store chain.

Quantities are whole numbers of the unit's smallest step, money is whole minor units. Every write carries a key; the
same again returns the first outcome. Errors are RFC 9457 problem details. See docs/api in the repository."""

BASE = "/api/v1/"
"""Where the API lies."""

SECTIONS = {
    "orders": "Placed baskets and their life.",
    "baskets": "What shoppers gather, and its checkout.",
    "holds": "A promise for a while, for shops that keep baskets of their own.",
    "receipts": "What tills have sold and taken back: facts.",
    "stock": "Facts, shelves, the ledger, and what may still be promised.",
    "breaches": "Promises that the goods on hand do not cover.",
    "discrepancies": "Shelves below zero.",
    "line-exceptions": "Lines that nobody knows yet.",
    "quarantine": "Messages that could not be booked.",
    "places": "Stores, warehouses, partners; and the slots that they offer.",
    "slots": "When places hand out: weekly plans, and dates that are exceptions.",
    "search": "What a shopper finds.",
    "offers": "What partners offer of what a shopper looks for.",
    "products": "What is sold, and its barcodes.",
    "units": "What quantities are counted in.",
    "prices": "The price book.",
    "promotions": "What takes prices down.",
    "campaigns": "Households that promotions are for.",
    "coupons": "What is presented for a promotion.",
    "taxes": "Taxes, how they are reckoned, and on what.",
    "partners": "Who else's goods are sold or referred to: agreements and offers.",
    "exchange-rates": "What foreign money is worth.",
    "referrals": "Shoppers handed to partners' sites.",
    "partner-parts": "What partners serve of orders.",
    "commissions": "What partners owe for it, as they state it.",
    "oddities": "What partners state that cannot be taken as it is.",
    "payments": "What was paid for orders, and how.",
    "refunds": "What was given back.",
    "returns": "Goods brought back, and what was paid back for them.",
    "gift-cards": "Gift cards and store credit, by their code.",
    "books": "The double-entry journal, and what it comes to.",
    "customers": "Who buys: cards, people, what they agreed to and bought.",
    "events": "News, by position.",
    "webhooks": "News, delivered.",
}
"""The parts of the document, in the order in which a newcomer needs them."""

CONTRACTS: dict[tuple[str, str], Contract] = {}
"""The contract of each endpoint, by method and path as it stands in the document."""


class Call:
    """A request that was let in: who calls, what it says, and its key where the endpoint needs one."""

    __slots__ = ("body", "caller", "key", "query", "raw", "request")

    def __init__(self, request: HttpRequest, caller: Caller) -> None:
        self.request = request
        self.caller = caller
        self.raw = b""
        self.body: Any = None
        self.query: Any = None
        self.key = ""


View = Callable[..., HttpResponse]


_UNUSED = HttpResponse()


class Api(NinjaAPI):
    """django-ninja with the contracts written into its document."""

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - ninja's interface
        """Return what ninja would let a view set headers on: our views return their own answers."""
        return _UNUSED

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI 3.1 document."""
        document: dict[str, Any] = self.get_openapi_schema(path_prefix=BASE)
        schemas = Schemas(list(CONTRACTS.values()))
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                describe(operation, CONTRACTS[method.upper(), path.removeprefix(BASE[:-1])], schemas)
        document["tags"] = [{"name": name, "description": meaning} for name, meaning in SECTIONS.items()]
        document["components"] = {"schemas": schemas.components, "securitySchemes": security_schemes()}
        return document


api = Api(
    title="onebasket", version="1", description=DESCRIPTION, docs_url=None, openapi_url=None, urls_namespace="api-1"
)
_encode = msgspec.json.Encoder().encode


@cache
def _decoder(shape: Any) -> Callable[[bytes], Any]:  # noqa: ANN401 - any type that msgspec reads
    return msgspec.json.Decoder(shape).decode


def endpoint(method: str, path: str, contract: Contract) -> Callable[[View], View]:
    """Serve a view at a path: it is called with the `Call` and the path's parameters, and returns its answer."""

    def register(view: View) -> View:
        serve = _serve(view, contract, method=method, path=path)
        CONTRACTS[method, path] = contract
        summary, _, rest = inspect.cleandoc(view.__doc__ or "").partition("\n\n")
        api.api_operation(
            [method],
            path,
            auth=None,
            operation_id=view.__name__,
            summary=summary.rstrip("."),
            description=rest,
            tags=[path.split("/")[1]],
        )(serve)
        return view

    return register


def _serve(view: View, contract: Contract, *, method: str, path: str) -> View:
    decoder = None if contract.body is None else _decoder(contract.body)
    scope, or_scope, query, needs_key = contract.scope, contract.or_scope, contract.query, contract.key
    lenient = contract.lenient is not None
    counted: dict[int, Any] = {}

    def answer(request: HttpRequest, parameters: dict[str, Any]) -> HttpResponse:
        call = Call(request, admit(request, scope, or_scope))
        if needs_key:
            call.key = read_key(request)
        if query is not None:
            call.query = read_query(request, query)
        elif request.META.get("QUERY_STRING"):
            raise refuse(422, "invalid", "This endpoint takes no query.")
        if decoder is not None:
            call.raw = read_body(request)
            call.body = decode(call.raw, decoder, lenient=lenient)
        return view(call, **parameters)

    @wraps(view)
    def serve(request: HttpRequest, **parameters: Any) -> HttpResponse:  # noqa: ANN401 - what the path says
        try:
            response = answer(request, parameters)
        except Exception as error:  # noqa: BLE001 - the one edge where errors become answers
            response = translate(error)
        counter = counted.get(response.status_code)
        if counter is None:
            counter = counted[response.status_code] = REQUESTS.labels(path, method, response.status_code)
        counter.inc()
        return response

    stated = list(inspect.signature(view).parameters.values())
    named = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    serve.__signature__ = inspect.Signature([named, *stated[1:]])  # type: ignore[attr-defined]
    return serve


def reply(content: object, status: int = 200, *, headers: dict[str, str] | None = None) -> HttpResponse:
    """Return a struct as JSON."""
    return HttpResponse(_encode(content), content_type=JSON, status=status, headers=headers)


def nothing() -> HttpResponse:
    """Return the answer without content."""
    return HttpResponse(status=204)


@api.exception_handler(PathError)
def unfit_path(_request: HttpRequest, _error: PathError) -> HttpResponse:
    """Answer a path whose id has another form than ids have."""
    return translate(refuse(404, "unknown", "The address names something that cannot exist: check its id."))
