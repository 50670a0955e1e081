"""The one date of a file whose rows have none: from its name, from the rows above its header, or as it was told."""

import datetime
import re
from collections.abc import Iterator, Sequence

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_
from klimatvaxling.travel.conversion import convert
from klimatvaxling.travel.profile import ColumnRule, Profile


class FileDateMissing(InputRefused):
    """Neither the rows nor the file say when the trips were made."""

    code = "KV-FILE-DATE-MISSING"
    message = N_("The rows have no date, and the file does not say one where its source expects it.")
    remedy = N_("Give the date when importing: --trip-date YYYY-MM-DD. What the source expects: {expected}.")


class FileDateTwice(InputRefused):
    """Two dates for the same rows."""

    code = "KV-FILE-DATE-TWICE"
    message = N_("The file's trips would have more than one date: {dates}.")
    remedy = N_(
        "Check which is right. Rename the file, correct its first rows, or give the same date with --trip-date."
    )


class FileDateNotNeeded(InputRefused):
    """A date for rows that have their own."""

    code = "KV-FILE-DATE-ROWS"
    message = N_("The rows have dates of their own in {column_name}; --trip-date is for files without.")
    remedy = N_("Import the file without --trip-date, or correct the dates in the file.")


def date_of_file(
    profile: Profile,
    name: str,
    header: Sequence[str],
    above: Sequence[Sequence[str]],
    told: datetime.date | None,
) -> str:
    """The ISO date of all rows, or nothing where the rows have dates. `above` are the rows above the header.

    Raises `FileDateMissing`, `FileDateTwice` or `FileDateNotNeeded`.
    """
    rule = profile.columns["date"]
    if not rule.alternatives or {*rule.value_columns} <= {*header}:
        if told is not None:
            column = profile.source_column("date") or rule.constant
            raise FileDateNotNeeded(column_name=column, place=Place(file=name))
        return ""
    found = dict.fromkeys(day.isoformat() for day in _dates(rule, name, above))
    if told is not None:
        found[told.isoformat()] = None
    if len(found) > 1:
        raise FileDateTwice(dates=", ".join(found), place=Place(file=name))
    if not found:
        patterns = [pattern.pattern for pattern in (rule.file_name, rule.preamble) if pattern is not None]
        raise FileDateMissing(expected=" ".join([*patterns, *rule.date_formats]) or "–", place=Place(file=name))
    return next(iter(found))


def _dates(rule: ColumnRule, name: str, above: Sequence[Sequence[str]]) -> Iterator[datetime.date]:
    if rule.file_name is not None:
        yield from _dates_in(rule, rule.file_name, [name])
    if rule.preamble is not None:
        for row in above:
            cells = [cell.strip() for cell in row if cell.strip()]
            # A label and its value may stand in cells of their own.
            yield from _dates_in(rule, rule.preamble, [*cells, " ".join(cells)])


def _dates_in(rule: ColumnRule, pattern: re.Pattern[str], texts: Sequence[str]) -> Iterator[datetime.date]:
    for text in texts:
        for found in pattern.finditer(text):
            try:
                yield typed.date(convert(rule, found[1] if pattern.groups else found[0]))
            except typed.NotADate:
                continue
