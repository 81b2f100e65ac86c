"""Webhooks: addresses that events are delivered to."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.base.clock import database_now
from onebasket.base.webhooks import UnknownWebhookError, WebhookError, list_webhooks, register, unregister
from onebasket.channels.api.application import Call, endpoint, nothing, reply
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.events import TYPE_SCHEMA, require_types
from onebasket.channels.api.fields import PlaceCode
from onebasket.channels.api.once import once
from onebasket.channels.api.problems import refuse, unknown
from onebasket.channels.api.tokens import Caller, require_places
from onebasket.commerce.access.rules import EVERY_PLACE

EventType = Annotated[str, Meta(description="An event type, such as order.placed.", extra_json_schema=TYPE_SCHEMA)]


class WebhookBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to deliver which events. No types are all types; no places are the token's own."""

    url: Annotated[str, Meta(min_length=1, max_length=500)]
    types: Annotated[tuple[EventType, ...], Meta(max_length=64)] = ()
    places: Annotated[tuple[PlaceCode, ...], Meta(max_length=500)] = ()


class WebhookMade(msgspec.Struct, frozen=True):
    """A new webhook; `secret` signs its deliveries (Standard Webhooks) and is shown this once."""

    id: UUID
    secret: str


class WebhookRead(msgspec.Struct, frozen=True):
    """A webhook: what it is told, how far it was read, what waits for it and what it could not be given."""

    id: UUID
    url: str
    types: tuple[str, ...]
    places: tuple[str, ...]
    active: bool
    position: int
    created_at: datetime
    created_by: str
    pending: int
    dead: int


class Webhooks(msgspec.Struct, frozen=True):
    """The webhooks that the token's source registered, oldest first."""

    items: tuple[WebhookRead, ...]


@endpoint(
    "PUT", "/webhooks", Contract(scope="webhooks:write", body=WebhookBody, answers={200: WebhookMade}, key=True)
)  # fmt: skip
def put_webhook(call: Call) -> HttpResponse:
    """Register an address for events from now on.

    The same again with its key answers the same, the secret too.
    """
    body, caller = call.body, call.caller
    require_types((f"types[{position}]", name) for position, name in enumerate(body.types))
    _require_scopes(caller, body.types)
    places = _places(caller, body.places)

    def act() -> WebhookMade:
        made = register(
            body.url,
            types=body.types,
            places=places,
            actor=caller.actor,
            now=database_now(),
            source_id=caller.source_id,
        )
        return WebhookMade(*made)

    try:
        return once(call, "webhook.register", [body], act=act)
    except WebhookError as error:
        raise refuse(422, "webhook", str(error)) from error


@endpoint("GET", "/webhooks", Contract(scope="webhooks:read", answers={200: Webhooks}))
def get_webhooks(call: Call) -> HttpResponse:
    """List the webhooks that the token's source registered."""
    names = WebhookRead.__struct_fields__
    found = list_webhooks(source_id=call.caller.source_id)
    return reply(Webhooks(tuple(WebhookRead(**{name: getattr(hook, name) for name in names}) for hook in found)))


@endpoint("DELETE", "/webhooks/{webhook_id}", Contract(scope="webhooks:write", answers={204: None}))
def delete_webhook(call: Call, webhook_id: UUID) -> HttpResponse:
    """End a webhook; what still waited for it is dropped."""
    source = call.caller.source_id
    try:
        run(lambda: unregister(webhook_id, actor=call.caller.actor, now=database_now(), source_id=source))
    except UnknownWebhookError as error:
        raise unknown("webhook") from error
    return nothing()


def _require_scopes(caller: Caller, types: tuple[str, ...]) -> None:
    """Refuse a webhook that would hear more than its token may read."""
    scopes = caller.token.scopes
    if "events:read" not in scopes:
        raise refuse(403, "scope", "Who registers a webhook needs the scope events:read too.")
    if "customers:read" not in scopes and (not types or any(name.startswith("customer.") for name in types)):
        raise refuse(403, "scope", "Without the scope customers:read, name types, and none of customers.")


def _places(caller: Caller, stated: tuple[str, ...]) -> tuple[str, ...]:
    if caller.places is None:
        return stated or (EVERY_PLACE,)
    require_places(caller, set(stated))
    return stated or ("", *sorted(caller.places))
