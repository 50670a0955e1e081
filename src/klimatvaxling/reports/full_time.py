"""Per full-time equivalent (årsarbetare): how units of different size compare."""

import datetime
from collections.abc import Mapping

from klimatvaxling.exact import whole_quotient
from klimatvaxling.units.directory import Directory


def full_time_of_year(register: Directory, year: int, until: datetime.date | None) -> Mapping[int, int]:
    """Each unit's full-time equivalents in tenths by its key, as they were last in the year up to `until`.

    Units that nobody has given a number, or that took no part in the year, are not there.
    """
    first, last = datetime.date(year, 1, 1), until or datetime.date(year, 12, 31)
    found = {}
    for unit in register.newest():
        eras = [era for era in register.history(unit.code) if era.valid_from <= last]
        if eras and (eras[-1].valid_to is None or eras[-1].valid_to >= first) and eras[-1].full_time_tenths:
            found[unit.id] = eras[-1].full_time_tenths
    return found


def per_full_time(value: int, tenths: int | None) -> int | None:
    """Grams or öre for each full-time equivalent, rounded half up; None where their number is not known."""
    return whole_quotient(value * 10, tenths) if tenths else None
