"""What an endpoint takes and answers, said once: the view reads by it and the OpenAPI document is written from it."""

from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from onebasket.channels.api.problems import CONTENT_TYPE, Problem
from onebasket.commerce.access.rules import SCOPES
from onebasket.kernel.patterns import exactly

JSON = "application/json"
REFERENCE = "#/components/schemas/{name}"
KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Names the request within its source, for ever. The same again returns the first outcome.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": exactly("[!-~]([ -~]{0,118}[!-~])?")},
}
ERRORS = {
    400: "The body is no JSON, not UTF-8, or was cut off.",
    401: "No token, or one that opens nothing.",
    403: "The token lacks the scope, or the request names a place that it is not bound to.",
    404: "There is no such row, or none that the token may see.",
    409: "The key was used before for other content, or the row was settled before. Nothing was changed.",
    410: "What was there has gone: events were deleted for their age, an offer has ended.",
    413: "The body is larger than 10 MB.",
    415: "The body is not declared as JSON in UTF-8, or is compressed.",
    422: "A field or parameter is not as described here, or what is asked cannot be promised. Nothing was changed.",
    429: "Too many failed attempts from this address.",
    503: "Busy, or the database cannot be reached. Send it again with the same key after Retry-After.",
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
CHALLENGE = {"WWW-Authenticate": {"description": "RFC 6750 challenge.", "schema": {"type": "string"}}}
_BODY_ERRORS = (400, 413, 415)
Message = TypeVar("Message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """An endpoint: the scope it needs, and the types it takes and answers with (None: no content).

    `or_scope`: another scope that opens it as well. `key`: it needs the Idempotency-Key header. `errors`: statuses
    beyond those that its parts bring about.
    `lenient`: the field of the body whose items are kept whatever they are, and the type that they should have.
    """

    scope: str
    answers: dict[int, Any]
    body: Any = None
    query: type[msgspec.Struct] | None = None
    key: bool = False
    errors: tuple[int, ...] = ()
    lenient: tuple[str, Any] | None = None
    media_type: str = JSON
    or_scope: str = ""
    statuses: tuple[int, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """Work out which problems the endpoint may answer with."""
        statuses = {401, 403, 429, 503, *self.errors}
        if self.body is not None:
            statuses |= {*_BODY_ERRORS, 422}
        if self.query is not None or self.key:
            statuses.add(422)
        if self.key:
            statuses.add(409)
        object.__setattr__(self, "statuses", tuple(sorted(statuses)))

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the scopes of which a token needs one."""
        return (self.scope, self.or_scope) if self.or_scope else (self.scope,)

    def types(self) -> list[Any]:
        """Return every type that the document must describe."""
        stated = [self.body, self.lenient[1] if self.lenient else None, *self.answers.values()]
        return [kind for kind in stated if kind is not None]


def without_key(message: type[msgspec.Struct], name: str) -> type[msgspec.Struct]:
    """Return the message's shape where the Idempotency-Key header carries its key: the same fields after the first."""
    key, *rest = msgspec.structs.fields(message)
    if key.name != "key":
        raise TypeError(f"{message} does not begin with its key")
    fields = [(f.name, f.type, f.default) if f.default is not msgspec.NODEFAULT else (f.name, f.type) for f in rest]
    made = msgspec.defstruct(name, fields, frozen=True, forbid_unknown_fields=True, module=__name__)
    made.__doc__ = message.__doc__
    return made


class Schemas:
    """The schemas of all types of all contracts, named without clashes."""

    def __init__(self, contracts: list[Contract]) -> None:
        types: list[Any] = [Problem]
        for contract in contracts:
            types += [kind for kind in contract.types() if kind not in types]
        references, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
        self.components: dict[str, Any] = _as_taken(components)
        self._references = list(zip(types, references, strict=True))

    def of(self, kind: Any) -> dict[str, Any]:  # noqa: ANN401 - any type that msgspec describes
        """Return the reference to a type's schema."""
        return next(dict(reference) for known, reference in self._references if known == kind)


def _as_taken(schema: Any) -> Any:  # noqa: ANN401 - a schema or a part of one
    """Return a schema without what is not insisted on: of a set, what is named twice counts once."""
    if isinstance(schema, dict):
        return {name: _as_taken(part) for name, part in schema.items() if name != "uniqueItems"}
    return [_as_taken(part) for part in schema] if isinstance(schema, list) else schema


def describe(operation: dict[str, Any], contract: Contract, schemas: Schemas) -> None:
    """Write a contract into the operation of an OpenAPI document."""
    operation["security"] = [{"token": []}]
    scopes = " or ".join(f"`{scope}`" for scope in contract.scopes)
    operation["description"] = f"{operation.get('description', '')}\n\nScope: {scopes}".strip()
    parameters = operation.setdefault("parameters", [])
    if contract.key:
        parameters.append(KEY_HEADER)
    if contract.query is not None:
        parameters += _parameters(contract.query)
    if contract.body is not None:
        schema = _lenient(contract, schemas) if contract.lenient else schemas.of(contract.body)
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    operation["responses"] = _responses(contract, schemas, path=any(p["in"] == "path" for p in parameters))


def security_schemes() -> dict[str, Any]:
    """Return how a caller shows who it is."""
    scopes = "\n".join(f"- `{scope}`: {meaning}" for scope, meaning in SCOPES.items())
    return {"token": {"type": "http", "scheme": "bearer", "description": f"Scopes:\n\n{scopes}"}}


def _lenient(contract: Contract, schemas: Schemas) -> dict[str, Any]:
    assert contract.lenient is not None  # noqa: S101 - asked by the caller
    name, kind = contract.lenient
    schema = dict(schemas.components[schemas.of(contract.body)["$ref"].rpartition("/")[2]])
    items = {
        "description": "As described by the first; anything else is kept whole in quarantine.",
        "anyOf": [schemas.of(kind), {}],
    }
    schema["properties"] = schema["properties"] | {name: schema["properties"][name] | {"items": items}}
    return schema


def _parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    (_,), components = msgspec.json.schema_components([query], ref_template=REFERENCE)
    shape = components[query.__name__]
    required = set(shape.get("required", ()))
    parameters = []
    for name, stated in shape["properties"].items():
        schema = _inlined(stated, components)
        meaning = schema.pop("description", "")
        parameters.append(
            {"name": name, "in": "query", "required": name in required, "description": meaning, "schema": schema}
        )
    return parameters


def _inlined(stated: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter's schema by itself, and without null: what is not stated is left out of a query."""
    (kind,) = [kind for kind in stated.get("anyOf", [stated]) if kind.get("type") != "null"]
    schema = {**kind, **{name: value for name, value in stated.items() if name not in {"anyOf", *kind}}}
    if "$ref" in schema:
        schema = dict(components[schema["$ref"].rpartition("/")[2]])
    if schema.get("default", 0) in {None, ""}:
        del schema["default"]
    return schema


def _responses(contract: Contract, schemas: Schemas, *, path: bool) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, kind in contract.answers.items():
        responses[str(status)] = {"description": "As asked."}
        if kind is not None:
            responses[str(status)]["content"] = {contract.media_type: {"schema": schemas.of(kind)}}
    problem = {CONTENT_TYPE: {"schema": schemas.of(Problem)}}
    for status in sorted({*contract.statuses, *((404, 422) if path else ())}):
        responses[str(status)] = {"description": ERRORS[status], "content": problem}
        if status in {429, 503}:
            responses[str(status)]["headers"] = RETRY_AFTER
        if status == 401:  # noqa: PLR2004 - Unauthorized
            responses[str(status)]["headers"] = CHALLENGE
    return responses
