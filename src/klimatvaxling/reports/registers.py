"""The registers as they stood on a day: units, policies, factors."""

import datetime
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

from klimatvaxling import formats
from klimatvaxling.emissions.register import registered_factors
from klimatvaxling.language import N_, translate
from klimatvaxling.policies import policy
from klimatvaxling.policies.register import all_values
from klimatvaxling.reports.report import SHARE, Column, Report
from klimatvaxling.reports.titles import title
from klimatvaxling.units.register import directory
from klimatvaxling.units.unit import ALWAYS, Unit

_UNIT_KEYS = (
    *("unit", "name", "kind", "org_number", "cost_centres", "counterpart", "full_time_tenths"),
    *("valid_from_on", "valid_to_on"),
)


def units(connection: Connection, as_of: datetime.date, known_at: str) -> Report:
    """The units valid on `as_of`, each with the first and the last day on which it takes part."""
    known = directory(connection, known_at=known_at)
    rows = [
        _unit(unit, (history := known.history(unit.code))[0].valid_from, history[-1].valid_to)
        for unit in known.on(as_of)
    ]
    documents = [{key: row[key] for key in _UNIT_KEYS} for row in rows]
    return Report(
        title=translate(N_("Units on {day}"), day=as_of),
        columns=(
            Column("unit", N_("Unit")),
            Column("name", N_("Name")),
            Column("kind_title", N_("Kind"), gives_way=1),
            Column("org_number", N_("Org. number"), gives_way=2),
            Column("cost_centres", N_("Cost centres")),
            Column("counterpart", N_("Counterpart"), gives_way=2),
            *_full_time(rows),
        ),
        rows=rows,
        document={"as_of": as_of.isoformat(), "units": documents},
        csv_keys=_UNIT_KEYS,
        when_empty=translate(N_("No units are registered. Add them with: klimatvaxling unit load FILE.csv")),
    )


def unit_history(history: Sequence[Unit], *, dry_run: bool) -> Report:
    """A unit era by era: what it is called and owns, and from when to when."""
    rows = [_unit(unit, unit.valid_from, unit.valid_to) for unit in history]
    return Report(
        title=translate(N_("Unit {unit}"), unit=history[0].code),
        columns=(
            Column("valid_from_on", N_("From")),
            Column("valid_to_on", N_("To")),
            Column("name", N_("Name")),
            Column("org_number", N_("Org. number"), gives_way=2),
            Column("cost_centres", N_("Cost centres")),
            Column("counterpart", N_("Counterpart"), gives_way=2),
            *_full_time(rows),
        ),
        rows=rows,
        document={
            "units": [history[0].code],
            "versions": [{key: row[key] for key in _UNIT_KEYS} for row in rows],
            "vouchers": [],
            "dry_run": dry_run,
        },
        csv_keys=_UNIT_KEYS,
    )


def _full_time(rows: Sequence[Mapping[str, object]]) -> tuple[Column, ...]:
    """Full-time equivalents, where any unit has them."""
    column = Column("full_time", N_("Full-time equivalents"), SHARE, gives_way=2)
    return (column,) if any(row["full_time"] for row in rows) else ()


def _unit(unit: Unit, first: datetime.date, last: datetime.date | None) -> dict[str, object]:
    return {
        "unit": unit.code,
        "name": unit.name,
        "kind": unit.kind,
        "kind_title": title(unit.kind),
        "org_number": unit.org_number,
        "cost_centres": " ".join(map(str, unit.cost_centres)),
        "counterpart": unit.counterpart,
        "full_time_tenths": unit.full_time_tenths,
        "full_time": formats.tenths(unit.full_time_tenths) if unit.full_time_tenths else "",
        "valid_from_on": first.isoformat() if first != ALWAYS else None,
        "valid_to_on": last.isoformat() if last else None,
    }


def policies(connection: Connection, as_of: datetime.date, known_at: str) -> Report:
    """Every policy with the value that holds on `as_of`."""
    values = all_values(connection, known_at=known_at)
    rows = []
    for name, kind in policy.KINDS.items():
        value = policy.in_force(values, name, as_of)
        rows.append({"name": name, **_value(value, name), "summary": translate(kind.summary)})
    return Report(
        title=translate(N_("Policies on {day}"), day=as_of),
        columns=(
            Column("name", N_("Policy")),
            Column("shown", N_("Value")),
            Column("valid_from_on", N_("From")),
            Column("decision", N_("Decision"), gives_way=1),
            Column("summary", N_("What it is about"), gives_way=3),
        ),
        rows=rows,
        document={"as_of": as_of.isoformat(), "policies": [_without_shown(row) for row in rows]},
        csv_keys=("name", "value", "valid_from_on", "decision"),
    )


def policy_history(connection: Connection, name: str, as_of: datetime.date, known_at: str) -> Report:
    """Every value decided to hold from `as_of` or earlier, oldest registration first. Raises `UnknownPolicy`."""
    if name not in policy.KINDS:
        raise policy.UnknownPolicy(name=name, known=", ".join(policy.KINDS))
    rows = [
        {
            "name": name,
            **_value(value, name),
            "registered_at": value.registered_at,
            "registered_by": value.registered_by,
        }
        for value in all_values(connection, known_at=known_at)
        if value.name == name and value.valid_from <= as_of
    ]
    return Report(
        title=translate(N_("History of {name}"), name=name),
        columns=(
            Column("shown", N_("Value")),
            Column("valid_from_on", N_("From")),
            Column("decision", N_("Decision"), gives_way=1),
            Column("registered_by", N_("Registered by")),
            Column("registered_at", N_("Registered"), gives_way=2),
        ),
        rows=rows,
        document={"name": name, "values": [_without_shown(row) for row in rows]},
        csv_keys=("name", "value", "valid_from_on", "decision", "registered_at", "registered_by"),
    )


def _value(value: policy.PolicyValue | None, name: str) -> dict[str, object]:
    if value is None:
        return {"value": None, "shown": "–", "valid_from_on": None, "decision": None}
    shown = (
        translate(N_("{amount} kr/kg"), amount=formats.kronor(int(value.value)))
        if name == policy.RATE
        else value.value.replace(",", ", ").replace("|", ", ")  # lists break between their words
    )
    kept = policy.shown_value(name, value.value)
    return {"value": kept, "shown": shown, "valid_from_on": value.valid_from.isoformat(), "decision": value.decision}


def _without_shown(row: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in row.items() if key not in ("shown", "summary")}


def factors(connection: Connection, as_of: datetime.date | None, known_at: str) -> Report:
    """Every factor on record, or those that hold on `as_of`, with its source and how sure we are of it."""
    sets, _ = registered_factors(connection)
    holding = {
        (factor_set.label, factor.key)
        for factor_set in sets
        for factor in factor_set.factors
        if as_of is None or factor_set.factor_on(factor.subject, as_of) is factor
    }
    rows = [
        row._asdict()
        for row in connection.execute(
            text(
                "SELECT s.name || ' ' || s.version AS factor_set, f.key AS factor, f.measure, f.unit, f.g_per_unit,"
                " f.confidence, f.source FROM factor f JOIN factor_set s ON s.id = f.factor_set_id"
                " WHERE s.registered_at <= :known_at ORDER BY f.id"
            ),
            {"known_at": known_at},
        )
        if (row.factor_set, row.factor) in holding
    ]
    for row in rows:
        row["certainty"] = title(row["confidence"])
        row["per"] = title(row["unit"])
    keys = ("factor_set", "factor", "measure", "unit", "g_per_unit", "confidence", "source")
    return Report(
        title=translate(N_("Emission factors, grams of fossil CO2 per unit")),
        columns=(
            Column("factor", N_("Factor")),
            Column("per", N_("Per")),
            Column("g_per_unit", N_("Grams")),
            Column("certainty", N_("Certainty")),
            Column("source", N_("Source"), gives_way=2),
        ),
        rows=rows,
        document={"factors": [{key: row[key] for key in keys} for row in rows]},
        csv_keys=keys,
        notes=(
            translate(N_("“Assumed” figures should be replaced by better ones: klimatvaxling factor load FILE.toml")),
        ),
    )
