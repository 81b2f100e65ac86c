"""Products and units: loaded, found and retired."""

from typing import Annotated

import msgspec
from django.http import HttpResponse
from msgspec import Meta

from onebasket.channels.api.application import Call, endpoint, reply
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.fields import Sku
from onebasket.channels.api.paging import Batch, ItemResult, Results, results
from onebasket.channels.api.problems import refuse
from onebasket.commerce.catalogue.actions import retire_products, upsert_products, upsert_units
from onebasket.commerce.catalogue.queries import products_by_code, products_by_sku, search_products, units
from onebasket.commerce.catalogue.queries.templates import barcode_templates
from onebasket.commerce.catalogue.rules import ProductFacts, ProductItem, ProductRetirement, UnitItem
from onebasket.kernel.barcodes import lookup_keys
from onebasket.kernel.quantity import Unit


class ProductQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which products: of this SKU, of this barcode as scanned, or whose name holds these words: one of the three."""

    sku: Sku | None = None
    barcode: Annotated[str, Meta(min_length=1, max_length=120)] | None = None
    search: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    limit: Annotated[int, Meta(ge=1, le=500, description="At most so many products.")] = 100


class Products(msgspec.Struct, frozen=True):
    """The products found, best first."""

    items: tuple[ProductFacts, ...]


class Units(msgspec.Struct, frozen=True):
    """Every unit of measure."""

    items: tuple[Unit, ...]


@endpoint(
    "PUT", "/products", Contract(scope="catalogue:write", body=Batch[ProductItem], answers={200: Results[ItemResult]})
)
def put_products(call: Call) -> HttpResponse:
    """Make, change or bring back products with their barcodes."""
    items = call.body.items
    return results([item.key for item in items], run(lambda: upsert_products(call.caller.source_id, items)))


@endpoint("GET", "/products", Contract(scope="catalogue:read", query=ProductQuery, answers={200: Products}))
def list_products(call: Call) -> HttpResponse:
    """Find products by SKU, by barcode as scanned, or by words of their name."""
    query = call.query
    stated = [value for value in (query.sku, query.barcode, query.search) if value is not None]
    if len(stated) != 1:
        raise refuse(422, "one_of", "Find products by sku, by barcode or by search: one of the three.")
    if query.sku is not None:
        found = list(products_by_sku([query.sku]).values())
    elif query.barcode is not None:
        found = find_by_barcode(query.barcode)
    else:
        found = search_products(query.search, query.limit)
    return reply(Products(tuple(found[: query.limit])))


@endpoint(
    "POST",
    "/products/retire",
    Contract(scope="catalogue:write", body=Batch[ProductRetirement], answers={200: Results[ItemResult]}),
)
def retire_many_products(call: Call) -> HttpResponse:
    """Retire products: tills still read their codes, nobody can order them."""
    items = call.body.items
    return results([item.key for item in items], run(lambda: retire_products(call.caller.source_id, items)))


@endpoint("PUT", "/units", Contract(scope="catalogue:write", body=Batch[UnitItem], answers={200: Results[ItemResult]}))
def put_units(call: Call) -> HttpResponse:
    """Make or rename units of measure; a unit's decimals never change."""
    items = call.body.items
    return results([item.key for item in items], run(lambda: upsert_units(call.caller.source_id, items)))


@endpoint("GET", "/units", Contract(scope="catalogue:read", answers={200: Units}))
def list_units(call: Call) -> HttpResponse:  # noqa: ARG001 - a view takes its call
    """List the units of measure, by code."""
    return reply(Units(tuple(units().values())))


def find_by_barcode(barcode: str) -> list[ProductFacts]:
    """Return the product that a scanned code means, in a list of one, or of none."""
    keys = lookup_keys(barcode, barcode_templates())
    found = products_by_code(keys) if keys else {}
    return [found[key] for key in keys if key in found][:1]
