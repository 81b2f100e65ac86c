"""Two customers who are one person: merged so that both numbers go on, and parted again if that was wrong.

Nothing moves. The other customer points to the one that stays, and every read follows the pointer: history, segments,
consents, addresses and whatever a higher module keeps by number (points, limits) are the sum over `numbers_of`.
"""

from datetime import datetime

import msgspec
from django.db import transaction

from onebasket.base import outbox
from onebasket.base.clock import database_now
from onebasket.commerce.customers.actions.details import CustomerError, note, put_details
from onebasket.commerce.customers.locking import lock_customers
from onebasket.commerce.customers.models import Customer, CustomerMerge
from onebasket.commerce.customers.queries.reading import find_customer
from onebasket.commerce.customers.rules.merging import MergePlan, MergeRefused, Party, plan_merge, unfilled
from onebasket.commerce.customers.rules.messages import CustomerMerged, CustomerParted
from onebasket.commerce.customers.rules.person import Details

ACCOUNT = "account"
_FIELDS = ("name", "email", "phone", "language", "email_key", "phone_key")


class Merged(msgspec.Struct, frozen=True):
    """Two customers are one: `id` names the merge, so that it can be undone."""

    id: int
    loyalty_number: str
    other: str


def merge_customers(keep: str, other: str, *, actor: str, reason: str = "") -> Merged | MergeRefused:
    """Merge the customer of one number into that of another, in one transaction; both numbers go on.

    Where both have an account, both log-ins lead to the customer that stays.
    """
    with transaction.atomic():
        locked = _lock_both(keep, other)
        if isinstance(locked, MergeRefused):
            return locked
        stays, goes = locked
        plan = plan_merge(_party(stays), _party(goes))
        if isinstance(plan, MergeRefused):
            return plan
        return _merge(stays, goes, plan, actor=actor, reason=reason)


def undo_merge(merge_id: int, *, actor: str) -> Merged:
    """Part two customers again as they were; what was changed on the one that stayed since then stays.

    Raises:
        CustomerError: there is no such merge, it was undone before, or one that came later has to be undone first.
    """
    with transaction.atomic():
        merge = CustomerMerge.objects.select_for_update().filter(pk=merge_id).first()
        if merge is None:
            raise CustomerError(f"There is no merge {merge_id}.")
        if merge.undone_at is not None:
            raise CustomerError("This merge was undone before. Nothing was changed.")
        rows = lock_customers([merge.keep_id, merge.other_id])
        stayed, went = rows[merge.keep_id], rows[merge.other_id]
        if stayed.merged_into_id is not None or went.merged_into_id != stayed.pk:
            raise CustomerError("A merge that came later has to be undone first. Nothing was changed.")
        return _part(merge, stayed, went, actor)


def _merge(stays: Customer, goes: Customer, plan: MergePlan, *, actor: str, reason: str) -> Merged:
    now = database_now()
    filled = list(plan.filled)
    put_details(stays, plan.details)
    if stays.user_id is None and goes.user_id is not None:
        filled.append(ACCOUNT)
        account, goes.user_id = goes.user_id, None
        goes.save(update_fields=["user"])
        stays.user_id = account
    stays.save(update_fields=[*_FIELDS, "user"])
    moved = sorted(Customer.objects.filter(merged_into=goes).values_list("pk", flat=True))
    Customer.objects.filter(pk__in=[goes.pk, *moved]).update(merged_into=stays)
    merge = CustomerMerge.objects.create(
        keep=stays, other=goes, at=now, actor=actor, reason=reason[:200], filled=filled, moved=moved
    )
    note(stays, "customer.merge", actor=actor, at=now, detail={"merge": merge.pk, "other": goes.pk, "filled": filled})
    _tell("customer.merged", stays, msgspec.to_builtins(CustomerMerged(stays.loyalty_number, goes.loyalty_number)), now)
    return Merged(merge.pk, stays.loyalty_number, goes.loyalty_number)


def _part(merge: CustomerMerge, stayed: Customer, went: Customer, actor: str) -> Merged:
    now = database_now()
    put_details(stayed, unfilled(_details(stayed), filled=tuple(merge.filled), other=_details(went)))
    account = None
    if ACCOUNT in merge.filled:
        account, stayed.user_id = stayed.user_id, None
    stayed.save(update_fields=[*_FIELDS, "user"])
    went.merged_into = None
    if account is not None:
        went.user_id = account
    went.save(update_fields=["merged_into", "user"])
    Customer.objects.filter(pk__in=merge.moved, merged_into=stayed).update(merged_into=went)
    merge.undone_at, merge.undone_by = now, actor
    merge.save(update_fields=["undone_at", "undone_by"])
    note(stayed, "customer.part", actor=actor, at=now, detail={"merge": merge.pk, "other": went.pk})
    told = CustomerParted(stayed.loyalty_number, went.loyalty_number)
    _tell("customer.parted", stayed, msgspec.to_builtins(told), now)
    return Merged(merge.pk, stayed.loyalty_number, went.loyalty_number)


def _lock_both(keep: str, other: str) -> tuple[Customer, Customer] | MergeRefused:
    """Lock the rows that stand for both numbers; whoever was merged while we waited is looked up again."""
    while True:
        ids = [find_customer(number) for number in (keep, other)]
        for number, identity in zip((keep, other), ids, strict=True):
            if identity is None:
                return MergeRefused("unknown", f"Nobody has the number {number!r}. Check it.")
        first, second = (identity for identity in ids if identity is not None)
        rows = lock_customers([first, second])
        if len(rows) == len({first, second}) and all(row.merged_into_id is None for row in rows.values()):
            return rows[first], rows[second]


def _party(row: Customer) -> Party:
    return Party(row.pk, row.loyalty_number, _details(row))


def _details(row: Customer) -> Details:
    return Details(row.name, row.email, row.phone, row.language)


def _tell(kind: str, row: Customer, data: dict[str, object], now: datetime) -> None:
    outbox.record([outbox.News(kind, f"customer/{row.loyalty_number}", now, data)])
