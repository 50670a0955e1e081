"""The checks of the grants (docs/checks.md)."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from klimatvaxling.grants.grant import APPROVED, MOVES, PAYING, REPORTED, RUNNING, SUBMITTED, Grant
from klimatvaxling.grants.register import grants_in
from klimatvaxling.ledger.offence import Offence

# What each voucher of a grant moved: on its reservation, and on what was paid to the unit.
_MOVED = """
SELECT v.application_id, v.booked_on, v.event, v.evidence,
  -sum(CASE WHEN p.account = 'fund_committed' THEN p.amount_ore ELSE 0 END) AS committed_ore,
  -sum(CASE WHEN p.account = 'grants_paid' THEN p.amount_ore ELSE 0 END) AS paid_ore
FROM voucher v JOIN posting p ON p.voucher_id = v.id
WHERE v.application_id IS NOT NULL OR v.event LIKE 'grant%' OR p.account IN ('fund_committed', 'grants_paid')
GROUP BY v.id, v.application_id, v.booked_on, v.event, v.evidence ORDER BY v.id
"""
_COMMITTED = """
SELECT application_id, booked_on, committed_ore FROM (
  SELECT v.application_id, v.booked_on,
    -sum(sum(p.amount_ore)) OVER (PARTITION BY v.application_id ORDER BY v.booked_on) AS committed_ore
  FROM posting p JOIN voucher v ON v.id = p.voucher_id
  WHERE p.account = 'fund_committed' GROUP BY v.application_id, v.booked_on) d
WHERE committed_ore < 0 ORDER BY application_id, booked_on
"""
_GAPS = """
SELECT application_id, count(*) AS steps, min(number) AS first, max(number) AS last FROM grant_step
GROUP BY application_id HAVING min(number) <> 1 OR max(number) <> count(*) ORDER BY application_id
"""
_UNAPPLIED = """
SELECT a.id FROM application a WHERE NOT EXISTS (SELECT 1 FROM grant_step s WHERE s.application_id = a.id) ORDER BY a.id
"""


def grant_steps_follow_each_other(connection: Connection) -> Iterator[Offence]:
    """Every application begins with its submission; each step follows from the state and the day of the one before."""
    for key in connection.execute(text(_UNAPPLIED)).scalars():
        yield Offence(f"grant:{key}", SUBMITTED, None)
    for row in connection.execute(text(_GAPS)):
        yield Offence(f"grant:{row.application_id}", f"1-{row.steps}", f"{row.first}-{row.last}")
    for grant in grants_in(connection):
        state, day = None, grant.application.applied_on
        for step in grant.steps:
            allowed = (SUBMITTED,) if state is None else MOVES[state]
            if step.state_before != state or step.state not in allowed:
                yield Offence(
                    f"grant:{grant.id}", f"{state} > {'|'.join(allowed)}", f"{step.state_before} > {step.state}"
                )
            if step.stepped_on < day:
                yield Offence(f"grant:{grant.id}", f">= {day}", step.stepped_on)
            state, day = step.state, step.stepped_on


def grants_are_as_their_vouchers_say(connection: Connection) -> Iterator[Offence]:
    """What the steps say was approved, paid, returned and released is what the vouchers moved, on the same days."""
    found: dict[int | None, list[tuple[object, ...]]] = {}
    for row in connection.execute(text(_MOVED)):
        evidence = row.evidence if row.event == "grant_approved" else ""
        voucher = (row.booked_on, row.event, row.committed_ore, row.paid_ore, evidence)
        found.setdefault(row.application_id, []).append(voucher)
    for grant in grants_in(connection):
        expected, moved = _expected(grant), found.pop(grant.id, [])
        if sorted(expected, key=str) != sorted(moved, key=str):
            yield Offence(f"grant:{grant.id}", _told(expected), _told(moved))
    for key, moved in found.items():
        yield Offence(f"grant:{key}", "", _told(moved))


def grants_are_never_overpaid(connection: Connection) -> Iterator[Offence]:
    """On no day was more paid or released of a grant than was reserved for it."""
    named = set()
    for row in connection.execute(text(_COMMITTED)):
        if row.application_id not in named:
            named.add(row.application_id)
            yield Offence(f"grant:{row.application_id} {row.booked_on}", ">= 0", row.committed_ore)


def _expected(grant: Grant) -> list[tuple[object, ...]]:
    """The vouchers that the steps call for: day, event, what was reserved, what was paid, decision."""
    vouchers: list[tuple[object, ...]] = []
    reserved = paid = 0
    for step in grant.steps:
        amount_ore, day = step.amount_ore or 0, step.stepped_on
        if step.state == APPROVED:
            vouchers.append((day, "grant_approved", amount_ore, 0, step.decision))
            reserved = amount_ore
        elif step.state == PAYING:
            vouchers.append((day, "grant_paid", -amount_ore, amount_ore, ""))
            reserved, paid = reserved - amount_ore, paid + amount_ore
        elif step.state == REPORTED and amount_ore != paid:
            vouchers.append((day, "grant_returned", 0, amount_ore - paid, ""))
        if step.state not in (SUBMITTED, *RUNNING) and reserved:
            vouchers.append((day, "grant_released", -reserved, 0, ""))
            reserved = 0
    return vouchers


def _told(vouchers: list[tuple[object, ...]]) -> str:
    return "; ".join(" ".join(str(part) for part in voucher if part not in (0, "")) for voucher in vouchers)
