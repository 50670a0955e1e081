"""Who may do what, as it stood on a day."""

from sqlalchemy import Connection

from klimatvaxling.access.access import ROLES, UNIT, current
from klimatvaxling.access.register import decisions
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import Column, Report
from klimatvaxling.units.register import versions


def access(connection: Connection, known_at: str) -> Report:
    """Every login that has a role, with its units, since when and by whom."""
    codes = {unit.id: unit.code for unit in versions(connection, known_at=known_at)}
    rows = [
        {
            "login": held.login,
            "role": held.role,
            "may": translate(ROLES[held.role]),
            "units": sorted(codes.get(key, str(key)) for key in held.unit_ids) if held.role == UNIT else [],
            "registered_at": held.registered_at,
            "registered_by": held.registered_by,
        }
        for held in current(decisions(connection, known_at)).values()
    ]
    shown = [{**row, "units": " ".join(row["units"])} for row in rows]
    return Report(
        title=translate(N_("Who may do what")),
        columns=(
            Column("login", N_("Login")),
            Column("role", N_("Role")),
            Column("units", N_("Units")),
            Column("may", N_("May"), gives_way=1),
            Column("registered_at", N_("Registered"), gives_way=3),
            Column("registered_by", N_("By"), gives_way=2),
        ),
        rows=shown,
        document={"access": [{key: value for key, value in row.items() if key != "may"} for row in rows]},
        csv_keys=("login", "role", "units", "registered_at", "registered_by"),
    )
