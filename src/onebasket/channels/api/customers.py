"""Customers: loaded and retired."""

from django.http import HttpResponse

from onebasket.channels.api.application import Call, endpoint
from onebasket.channels.api.committing import run
from onebasket.channels.api.contract import Contract
from onebasket.channels.api.paging import Batch, ItemResult, Results, results
from onebasket.commerce.customers.actions import retire_customers, upsert_customers
from onebasket.commerce.customers.rules import CustomerItem, CustomerRetirement


@endpoint(
    "PUT",
    "/customers",
    Contract(scope="customers:write", body=Batch[CustomerItem], answers={200: Results[ItemResult]}),
)
def put_customers(call: Call) -> HttpResponse:
    """Make customers, or bring retired ones back, by loyalty number."""
    items = call.body.items
    return results([item.key for item in items], run(lambda: upsert_customers(call.caller.source_id, items)))


@endpoint(
    "POST",
    "/customers/retire",
    Contract(scope="customers:write", body=Batch[CustomerRetirement], answers={200: Results[ItemResult]}),
)
def retire_many_customers(call: Call) -> HttpResponse:
    """Retire customers, so that their number is found no more."""
    items = call.body.items
    return results([item.key for item in items], run(lambda: retire_customers(call.caller.source_id, items)))
