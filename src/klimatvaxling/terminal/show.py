"""Showing a report: as a table for people, as JSON or CSV for programs. Data goes to standard output."""

import csv
import json
import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.markup import escape

from klimatvaxling import formats, pictures
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import AMOUNT, BAR, NUMBER, TEXT, WEIGHT, Column, Report
from klimatvaxling.terminal.say import done
from klimatvaxling.terminal.surroundings import Surroundings, output_format

if TYPE_CHECKING:
    from rich.console import Console
    from sqlalchemy import Connection

_FORMATTERS = {AMOUNT: formats.kronor, WEIGHT: formats.kg, NUMBER: formats.number}


def present(
    around: Surroundings, output: str, make: "Callable[[Connection], Report]", *, without_book: bool = False
) -> None:
    """Make a report from the books and show it, with what stands below every report."""
    output_format(output)
    from klimatvaxling.database.engine import reading
    from klimatvaxling.reports.foot import foot

    with reading(around.url, without_book=without_book) as connection:
        report = make(connection)
        below = foot(connection, around.day(None), around.known_until) if output == "table" else ()
    show(replace(report, notes=(*report.notes, *below)), output)


def show_posted(document: Mapping[str, object], told: str, output: str) -> None:
    """What a command posted or decided: a line for a person, the whole of it for a program."""
    done(told)
    if output != "table":
        show(Report(title="", columns=(), rows=[_flat(document)], document=document, csv_keys=tuple(document)), output)


def show_registered(row: Mapping[str, object], output: str, *, dry_run: bool) -> None:
    """What a command put on record that posts nothing, for a program that called it; a person is told otherwise."""
    document = {**row, "vouchers": [], "dry_run": dry_run}
    if output != "table":
        show(Report(title="", columns=(), rows=[_flat(document)], document=document, csv_keys=tuple(document)), output)


def _flat(document: Mapping[str, object]) -> dict[str, object]:
    """The same for CSV: lists as words, true and false as in JSON."""
    return {
        key: " ".join(map(str, value))
        if isinstance(value, list)
        else json.dumps(value)
        if isinstance(value, bool)
        else value
        for key, value in document.items()
    }


def show(report: Report, output: str) -> None:
    """Print `report` as `table`, `json` or `csv`."""
    if output == "json":
        print(json.dumps(report.document, ensure_ascii=False, indent=2))
    elif output == "csv":
        _csv(report)
    else:
        _table(report)


def _csv(report: Report) -> None:
    keys = report.csv_keys or [column.key for column in report.columns]
    writer = csv.writer(sys.stdout, delimiter=";", lineterminator="\n")
    writer.writerow(keys)
    writer.writerows(["" if (value := row.get(key)) is None else value for key in keys] for row in report.rows)


def _table(report: Report) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(report.title, style="bold", markup=False)
    if not report.rows and report.when_empty:
        console.print(report.when_empty, markup=False)
        return
    for section in report.sections:
        console.print()
        _table(section)
    if report.sections:
        _print_notes(console, report)
        return
    widest = {column.key: _widest(report, column) for column in report.columns if column.kind != BAR}
    columns = _fitting(report, widest, console.width)
    bars = {column.key: column for column in columns if column.kind == BAR}
    width = console.width - len(bars) * (_NARROWEST_BAR + _BETWEEN_COLUMNS)
    wrapping = _wrapping([column for column in columns if column.kind != BAR], widest, width)
    bar_width = _bar_width(columns, widest, wrapping, console.width) if bars else 0
    table = Table(box=SIMPLE_HEAD, show_footer=report.total is not None, pad_edge=False, footer_style="bold")
    for index, column in enumerate(columns):
        total = (
            translate(N_("Total")) if index == 0 else "" if column.kind == BAR else _cell(report.total or {}, column)
        )
        is_number = column.kind not in (TEXT, BAR)
        table.add_column(
            _heading(column),
            footer=total,
            justify="right" if is_number else "left",
            no_wrap=column.key not in wrapping,
            overflow="fold",
        )
    for row in report.rows:
        table.add_row(
            *(_bar(report, row, column, bar_width) if column.kind == BAR else _cell(row, column) for column in columns)
        )
    console.print(table)
    _print_notes(console, report)


def _print_notes(console: "Console", report: Report) -> None:
    for note in report.notes:
        console.print(note, markup=False, soft_wrap=True)


_LONGEST_HEADING = 12
_WIDEST_TEXT = 16
_BETWEEN_COLUMNS = 3
_NARROWEST_BAR = 8
_WIDEST_BAR = 40


def _heading(column: Column) -> str:
    """A column's title; above numbers on as many lines as keep it no wider than they need."""
    title = translate(column.title)
    return title if column.kind == TEXT else textwrap.fill(title, _LONGEST_HEADING, break_long_words=False)


def _widest(report: Report, column: Column) -> int:
    """How wide a column's widest value is, its total included."""
    shown = [*report.rows, report.total or {}]
    total = cell_len(translate(N_("Total"))) if report.total is not None and column == report.columns[0] else 0
    return max(total, *(cell_len(_cell(row, column)) for row in shown))


def _wrapping(columns: list[Column], widest: Mapping[str, int], width: int) -> set[str]:
    """The text columns that break over lines so that the rest fit whole: the widest, and more if that is not enough.

    Never the first column.
    """
    taken = {column.key: max(widest[column.key], *map(cell_len, _heading(column).split("\n"))) for column in columns}
    candidates = sorted(
        (
            column.key
            for column in columns[1:]
            if column.kind == TEXT and not column.whole and taken[column.key] > _WIDEST_TEXT
        ),
        key=lambda key: -taken[key],
    )
    wrapping: set[str] = set()
    for key in candidates:
        if sum(taken.values()) + _BETWEEN_COLUMNS * len(columns) <= width:
            break
        wrapping.add(key)
        taken[key] = _WIDEST_TEXT
    return wrapping


def _fitting(report: Report, widest: Mapping[str, int], width: int) -> list[Column]:
    """The columns that fit, without breaking a number or the first column; those that give way go first."""
    columns = list(report.columns)
    needed = {}
    for index, column in enumerate(columns):
        if column.kind == BAR:
            needed[column.key, BAR] = _NARROWEST_BAR
            continue
        whole = max(widest[column.key], *map(cell_len, _heading(column).split("\n")))
        is_whole = column.kind != TEXT or index == 0 or column.whole
        needed[column.key, column.kind] = whole if is_whole else min(whole, _WIDEST_TEXT)
    while sum(needed[column.key, column.kind] + _BETWEEN_COLUMNS for column in columns) > width:
        first_to_go = max(columns, key=lambda column: column.gives_way)
        if first_to_go.gives_way == 0:
            break
        columns.remove(first_to_go)
    return columns


def _bar_width(columns: list[Column], widest: Mapping[str, int], wrapping: set[str], width: int) -> int:
    """What the other columns leave, shared between the bars."""
    taken = bars = 0
    for column in columns:
        taken += _BETWEEN_COLUMNS
        if column.kind == BAR:
            bars += 1
        else:
            value = min(widest[column.key], _WIDEST_TEXT) if column.key in wrapping else widest[column.key]
            taken += max(value, *map(cell_len, _heading(column).split("\n")))
    return max(_NARROWEST_BAR, min(_WIDEST_BAR, (width - taken) // bars))


def _bar(report: Report, row: Mapping[str, object], column: Column, width: int) -> str:
    keys = [column.key] if column.mark is None else [column.key, column.mark]
    most = max((abs(int(str(each[key] or 0))) for each in report.rows for key in keys), default=0)
    mark = None if column.mark is None or row[column.mark] is None else int(str(row[column.mark]))
    return pictures.bar(int(str(row[column.key] or 0)), most, width, mark)


def _cell(row: Mapping[str, object], column: Column) -> str:
    value = row.get(column.key)
    if value is None:
        return ""
    formatter = _FORMATTERS.get(column.kind)
    return formatter(int(str(value))) if formatter else escape(str(value))
