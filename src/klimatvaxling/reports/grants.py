"""Grants: the list, one in full, the ranking, and late final reports."""

import datetime
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from klimatvaxling import formats
from klimatvaxling.grants.grant import MOVES, SUBMITTED, Grant
from klimatvaxling.grants.ranking import cost_of, weighted_points
from klimatvaxling.grants.register import UnknownGrant, grants_in, scores_in
from klimatvaxling.grants.round_register import rounds_in
from klimatvaxling.language import N_, translate
from klimatvaxling.policies import policy
from klimatvaxling.policies.register import all_values
from klimatvaxling.reports.report import AMOUNT, NUMBER, WEIGHT, Column, Report
from klimatvaxling.reports.titles import title
from klimatvaxling.units.directory import Directory
from klimatvaxling.units.register import directory

_CSV_KEYS = (
    *("id", "unit", "title", "state", "requested_ore", "approved_ore", "paid_ore", "returned_ore", "reserved_ore"),
    *("total_cost_ore", "co2_reduction_g", "lifetime_years", "cost_ore_per_kg", "points", "focus_area"),
    *("registration_number", "round", "applied_on", "report_by_on", "used_ore", "actual_cost_ore"),
    "outcome_co2_reduction_g",
)


def document_of(
    grant: Grant, codes: Mapping[int, str], rounds: Mapping[int, str], points: int | None = None
) -> dict[str, object]:
    """A grant as programs read it."""
    asked, last = grant.application, grant.steps[-1]
    reported = last if last.state == "reported" else None
    return {
        "id": grant.id,
        "unit": codes[asked.unit_id],
        "title": asked.title,
        "state": grant.state,
        "requested_ore": asked.requested_ore,
        "approved_ore": grant.approved_ore,
        "paid_ore": grant.paid_ore,
        "returned_ore": grant.returned_ore,
        "reserved_ore": grant.reserved_ore,
        "total_cost_ore": asked.total_cost_ore,
        "co2_reduction_g": asked.co2_reduction_g,
        "lifetime_years": asked.lifetime_years,
        "cost_ore_per_kg": cost_of(grant),
        "points": points,
        "focus_area": asked.focus_area,
        "description": asked.description,
        "registration_number": asked.registration_number,
        "round": rounds.get(asked.round_id or 0),
        "applied_on": asked.applied_on,
        "report_by_on": grant.report_by,
        "used_ore": reported.amount_ore if reported else None,
        "actual_cost_ore": reported.actual_cost_ore if reported else None,
        "outcome_co2_reduction_g": reported.co2_reduction_g if reported else None,
    }


def documents(connection: Connection, as_of: datetime.date, known_at: str) -> list[tuple[Grant, dict[str, object]]]:
    """Every grant with what programs read of it, points by the criteria in force on the day."""
    units = directory(connection, known_at=known_at)
    codes = {unit.id: unit.code for unit in units.newest()}
    rounds = {each.id: each.name for each in rounds_in(connection, known_at=known_at)}
    criteria = _criteria(connection, as_of, known_at)
    scores = scores_in(connection, known_at=known_at)
    return [
        (
            grant,
            document_of(
                grant, _holders(units, grant, codes), rounds, weighted_points(scores.get(grant.id, {}), criteria)
            ),
        )
        for grant in grants_in(connection, as_of=as_of.isoformat(), known_at=known_at)
    ]


def _holders(units: Directory, grant: Grant, codes: Mapping[int, str]) -> dict[int, str]:
    """The unit a grant is of: the one that applied, or what it was merged into while the grant was not finished."""
    unit_id = holder = grant.application.unit_id
    while (merger := units.mergers.get(holder)) and (
        MOVES[grant.state] or grant.steps[-1].stepped_on >= merger.merged_on
    ):
        holder = merger.into_id
    return {unit_id: codes[holder]}


def grants(
    connection: Connection,
    as_of: datetime.date,
    known_at: str,
    *,
    state: str | None = None,
    unit: str | None = None,
    overdue: bool = False,
) -> Report:
    """The grants as they stood on a day; of one state or unit, or only those whose final report is late."""
    rows = [
        {**row, "state_title": title(grant.state)}
        for grant, row in documents(connection, as_of, known_at)
        if (state is None or grant.state == state)
        and (unit is None or str(row["unit"]).casefold() == unit.casefold())
        and (not overdue or grant.is_overdue(as_of.isoformat()))
    ]
    sums = {
        key: sum(int(str(row[key])) for row in rows)
        for key in ("requested_ore", "approved_ore", "paid_ore", "returned_ore", "reserved_ore")
    }
    return Report(
        title=translate(
            N_("Grants without their final report on {day}") if overdue else N_("Grants on {day}"), day=as_of
        ),
        columns=(
            Column("id", N_("No."), NUMBER),
            Column("unit", N_("Unit")),
            Column("title", N_("Title")),
            Column("state_title", N_("State")),
            *((Column("report_by_on", N_("Report by")),) if overdue else ()),
            Column("requested_ore", N_("Applied for"), AMOUNT),
            Column("approved_ore", N_("Approved"), AMOUNT, gives_way=1),
            Column("paid_ore", N_("Paid"), AMOUNT, gives_way=1),
            Column("cost_ore_per_kg", N_("kr per kg"), AMOUNT, gives_way=2),
        ),
        rows=rows,
        total=sums,
        document={
            "as_of": as_of.isoformat(),
            "grants": [{key: value for key, value in row.items() if key != "state_title"} for row in rows],
            "total": sums,
        },
        notes=(translate(N_("Amounts in kronor; kr per kg over the lifetime.")),),
        csv_keys=_CSV_KEYS,
        when_empty=translate(N_("No final report is late.") if overdue else N_("There are no grants.")),
    )


def grant(connection: Connection, key: int, as_of: datetime.date, known_at: str) -> Report:
    """One grant with every step. Raises `UnknownGrant`."""
    found = next((pair for pair in documents(connection, as_of, known_at) if pair[0].id == key), None)
    if found is None:
        raise UnknownGrant(grant=key)
    known, document = found
    steps = [
        {
            "stepped_on": step.stepped_on,
            "from": step.state_before,
            "to": step.state,
            "state_title": title(step.state),
            "amount_ore": step.amount_ore,
            "decision": step.decision,
            "reason": step.reason,
            "conditions": step.conditions,
            "words": "; ".join(part for part in (step.decision, step.reason, step.conditions) if part),
            "registered_at": step.registered_at,
            "registered_by": step.registered_by,
        }
        for step in known.steps
    ]
    vouchers = connection.execute(
        text(
            "SELECT code FROM voucher WHERE application_id = :key AND booked_on <= :as_of AND registered_at <= :known_at"
            " ORDER BY id"
        ),
        {"key": key, "as_of": as_of.isoformat(), "known_at": known_at},
    )
    codes = [str(code) for code in vouchers.scalars()]
    return Report(
        title=translate(N_("Grant {grant}: {title}"), grant=key, title=known.application.title),
        columns=(
            Column("stepped_on", N_("Day")),
            Column("state_title", N_("State")),
            Column("amount_ore", N_("Amount"), AMOUNT),
            Column("registered_by", N_("By"), gives_way=1),
            Column("words", N_("Decision and reason")),
        ),
        rows=steps,
        document={
            **document,
            "steps": [{name: value for name, value in step.items() if name not in _SHOWN_ONLY} for step in steps],
            "vouchers": codes,
        },
        notes=_facts(document, codes),
        csv_keys=("stepped_on", "from", "to", "amount_ore", "decision", "reason", "conditions", "registered_by"),
    )


_SHOWN_ONLY = ("state_title", "words")


def _facts(document: Mapping[str, object], vouchers: Sequence[str]) -> tuple[str, ...]:
    def money(key: str) -> str | None:
        return None if document[key] is None else f"{formats.kronor(int(str(document[key])))} kr"

    def weight(key: str) -> str | None:
        return None if document[key] is None else f"{formats.kg(int(str(document[key])))} kg"

    facts = (
        (N_("Unit"), document["unit"]),
        (N_("Applied for"), money("requested_ore")),
        (N_("Whole cost"), money("total_cost_ore")),
        (N_("Expected reduction per year"), weight("co2_reduction_g")),
        (N_("Lifetime in years"), document["lifetime_years"]),
        (N_("kr per kg"), money("cost_ore_per_kg")),
        (N_("Focus area"), title(str(document["focus_area"]))),
        (N_("Registration number"), document["registration_number"]),
        (N_("Round"), document["round"]),
        (N_("Points"), document["points"]),
        (N_("Description"), document["description"]),
        (N_("Reserved and not paid"), money("reserved_ore")),
        (N_("Report by"), document["report_by_on"]),
        (N_("Used according to the final report"), money("used_ore")),
        (N_("Cost according to the final report"), money("actual_cost_ore")),
        (N_("Reduction per year according to the final report"), weight("outcome_co2_reduction_g")),
        (N_("Vouchers"), ", ".join(vouchers)),
    )
    return tuple(f"{translate(heading)}: {value}" for heading, value in facts if value not in (None, ""))


def ranking(connection: Connection, as_of: datetime.date, known_at: str, *, by_points: bool) -> Report:
    """The applications that wait for a decision, best first, with their place in both rankings."""
    rows = [row for grant, row in documents(connection, as_of, known_at) if grant.state == SUBMITTED]
    by_cost = sorted(rows, key=lambda row: (row["cost_ore_per_kg"] is None, row["cost_ore_per_kg"] or 0, row["id"]))
    by_score = sorted(rows, key=lambda row: (row["points"] is None, -int(str(row["points"] or 0)), row["id"]))
    for place, row in enumerate(by_cost, start=1):
        row["place_by_cost"] = place
    for place, row in enumerate(by_score, start=1):
        row["place_by_points"] = place
    asked = 0
    ranked = by_score if by_points else by_cost
    for row in ranked:
        asked += int(str(row["requested_ore"]))
        row["sum_ore"] = asked
    criteria = _criteria(connection, as_of, known_at)
    return Report(
        title=translate(N_("Applications that wait for a decision on {day}"), day=as_of),
        columns=(
            Column("id", N_("No."), NUMBER),
            Column("unit", N_("Unit")),
            Column("title", N_("Title"), gives_way=1),
            Column("requested_ore", N_("Applied for"), AMOUNT),
            Column("sum_ore", N_("Sum so far"), AMOUNT, gives_way=2),
            Column("co2_reduction_g", N_("kg CO2 less per year"), WEIGHT, gives_way=3),
            Column("cost_ore_per_kg", N_("kr per kg"), AMOUNT),
            Column("points", N_("Points"), NUMBER),
        ),
        rows=ranked,
        document={"as_of": as_of.isoformat(), "criteria": criteria, "grants": ranked},
        notes=(
            translate(N_("Amounts in kronor; kr per kg over the lifetime.")),
            translate(
                N_("Criteria and weights: {criteria}"),
                criteria=", ".join(f"{name} × {weight}" for name, weight in criteria.items()),
            ),
        ),
        csv_keys=(*_CSV_KEYS, "place_by_cost", "place_by_points"),
        when_empty=translate(N_("No application waits for a decision.")),
    )


def rounds(connection: Connection, as_of: datetime.date, known_at: str) -> Report:
    """The rounds of applications."""
    rows = [
        {
            "round": each.name,
            "opens_on": each.opens_on,
            "closes_on": each.closes_on,
            "closed_on": each.closed_on,
            "open": each.open_on(as_of.isoformat()),
            "is_open": translate(N_("open")) if each.open_on(as_of.isoformat()) else translate(N_("closed")),
        }
        for each in rounds_in(connection, known_at=known_at)
    ]
    return Report(
        title=translate(N_("Rounds of applications on {day}"), day=as_of),
        columns=(
            Column("round", N_("Round")),
            Column("opens_on", N_("From")),
            Column("closes_on", N_("To")),
            Column("is_open", N_("State")),
        ),
        rows=rows,
        document={"as_of": as_of.isoformat(), "rounds": [_without(row, "is_open") for row in rows]},
        csv_keys=("round", "opens_on", "closes_on", "closed_on", "open"),
        when_empty=translate(N_("No round is defined: applications are taken at any time.")),
    )


def _without(row: Mapping[str, object], key: str) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != key}


def _criteria(connection: Connection, as_of: datetime.date, known_at: str) -> dict[str, int]:
    values = all_values(connection, known_at=known_at)
    return policy.criteria(policy.value_on(values, policy.GRANT_CRITERIA, as_of))
