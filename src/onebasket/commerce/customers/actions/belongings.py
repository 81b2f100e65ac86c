"""What belongs to customers, as a batch states it whole: their segments and addresses."""

from collections.abc import Iterable, Mapping

from onebasket.base import bulk
from onebasket.base.columns import Row, as_instant
from onebasket.commerce.customers.models import CustomerAddress, CustomerSegment
from onebasket.commerce.customers.rules.messages import AddressItem, SegmentItem
from onebasket.commerce.customers.rules.person import home_key

_SEGMENT = ("customer", "name", "valid_from", "valid_to")
_ADDRESS = AddressItem.__struct_fields__
Segments = dict[int, tuple[SegmentItem, ...]]
Addresses = dict[int, tuple[AddressItem, ...]]


def load_belongings(*, segments: Iterable[int], addresses: Iterable[int]) -> tuple[Segments, Addresses]:
    """Return segments (by name) and addresses (as stated) of customers by their ids, at most two statements."""
    wanted_segments, wanted_addresses = set(segments), set(addresses)
    spans: dict[int, list[SegmentItem]] = {identity: [] for identity in wanted_segments}
    if wanted_segments:
        sql = (
            "SELECT customer_id, name, valid_from, valid_to FROM customers_customersegment "  # noqa: S608 - constants
            f"WHERE {bulk.in_list('customer_id')} ORDER BY customer_id, name"
        )
        for identity, name, begins, ends in bulk.fetch(sql, [bulk.list_parameter(wanted_segments)]):
            spans[identity].append(SegmentItem(name, as_instant(begins), as_instant(ends)))
    homes: dict[int, list[AddressItem]] = {identity: [] for identity in wanted_addresses}
    if wanted_addresses:
        sql = (
            f"SELECT customer_id, {', '.join(_ADDRESS)} FROM customers_customeraddress "  # noqa: S608 - constants
            f"WHERE {bulk.in_list('customer_id')} ORDER BY customer_id, id"
        )
        for identity, *address in bulk.fetch(sql, [bulk.list_parameter(wanted_addresses)]):
            homes[identity].append(AddressItem(*address))
    return (
        {identity: tuple(found) for identity, found in spans.items()},
        {identity: tuple(found) for identity, found in homes.items()},
    )


def write_belongings(
    *, segments: Mapping[int, tuple[SegmentItem, ...]], addresses: Mapping[int, tuple[AddressItem, ...]]
) -> None:
    """Let these customers have these segments and addresses, and no others."""
    if segments:
        CustomerSegment.objects.filter(customer_id__in=sorted(segments)).delete()
        rows: list[Row] = [
            (identity, segment.name, segment.valid_from, segment.valid_to)
            for identity in sorted(segments)
            for segment in segments[identity]
        ]
        bulk.insert(CustomerSegment, _SEGMENT, rows)
    if addresses:
        CustomerAddress.objects.filter(customer_id__in=sorted(addresses)).delete()
        bulk.insert(
            CustomerAddress,
            ("customer", *_ADDRESS, "home_key"),
            [address_row(identity, address) for identity in sorted(addresses) for address in addresses[identity]],
        )


def address_row(customer_id: int, address: AddressItem) -> Row:
    """Return an address as its table keeps it."""
    stated = (getattr(address, name) for name in _ADDRESS)
    return (customer_id, *stated, home_key(address.name, address.postcode))
