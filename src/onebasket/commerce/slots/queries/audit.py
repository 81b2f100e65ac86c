"""The slots' part of the audit: what is taken is who holds it, and every id says what its row says."""

from datetime import datetime

from onebasket.base.audit import Check, Finding, prove
from onebasket.base.instants import instant_parameter
from onebasket.commerce.slots.rules.planning import ID_MINUTES

_ACTIVE = "standing IN ('held', 'firm')"
_CHECKS = (
    Check(
        "slots.taken",
        "What is taken of a slot is how many hold it, and no more than there is room for",
        "SELECT COUNT(*) FROM slots_slot",
        "SELECT place_id AS place, slot_id AS slot, SUM(taken) AS taken, SUM(promised) AS promises, "  # noqa: S608
        "SUM(capacity) AS capacity FROM ("
        "SELECT place_id, id AS slot_id, taken, 0 AS promised, capacity, 1 AS there FROM slots_slot "
        f"UNION ALL SELECT place_id, slot_id, 0, 1, 0, 0 FROM slots_slotpromise WHERE {_ACTIVE}"
        ") AS figures GROUP BY place_id, slot_id "
        "HAVING SUM(taken) <> SUM(promised) OR SUM(taken) > SUM(capacity) OR SUM(taken) < 0 OR SUM(there) <> 1",
    ),
    Check(
        "slots.promises",
        "Every promise names a slot of its own place",
        "SELECT COUNT(*) FROM slots_slotpromise",
        "SELECT p.place_id AS place, p.slot_id AS slot, p.id AS reference, s.place_id AS slot_place "
        "FROM slots_slotpromise p LEFT JOIN slots_slot s ON s.id = p.slot_id "
        "WHERE s.id IS NULL OR s.place_id <> p.place_id",
    ),
    Check(
        "slots.ids",
        "A slot's id says its place, and its room is as planned or as much as is taken",
        "SELECT COUNT(*) FROM slots_slot",
        "SELECT id AS slot, place_id AS place, planned, capacity, taken FROM slots_slot "  # noqa: S608
        f"WHERE id / {ID_MINUTES} <> place_id OR capacity <> CASE WHEN planned > taken THEN planned ELSE taken END",
    ),
)


def audit_slots(*, now: datetime) -> list[Finding]:
    """Prove the slots; `now` tells which holds have expired unreleased."""
    expired = Check(
        "slots.expired_holds",
        "Holds of slots whose time is over, not released yet (counted among the taken)",
        "SELECT COUNT(*) FROM slots_slotpromise WHERE standing = 'held' AND expires_at <= %s",
        counted_parameters=(instant_parameter(now),),
    )
    return prove((*_CHECKS, expired))
