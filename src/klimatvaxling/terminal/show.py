"""Showing a report: as a table for people, as JSON or CSV for programs. Data goes to standard output."""

import csv
import json
import sys
import textwrap
from collections.abc import Mapping

from klimatvaxling import formats
from klimatvaxling.language import N_, translate
from klimatvaxling.reports.report import AMOUNT, NUMBER, TEXT, WEIGHT, Column, Report

_FORMATTERS = {AMOUNT: formats.kronor, WEIGHT: formats.kg, NUMBER: formats.number}


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
    console.print(report.title, style="bold")
    if not report.rows and report.when_empty:
        console.print(report.when_empty)
        return
    columns = _fitting(report, console.width)
    table = Table(box=SIMPLE_HEAD, show_footer=report.total is not None, pad_edge=False, footer_style="bold")
    for index, column in enumerate(columns):
        total = translate(N_("Total")) if index == 0 else _cell(report.total or {}, column)
        is_number = column.kind != TEXT
        table.add_column(
            _heading(column),
            footer=total,
            justify="right" if is_number else "left",
            no_wrap=is_number or index == 0,
            overflow="fold",
        )
    for row in report.rows:
        table.add_row(*(_cell(row, column) for column in columns))
    console.print(table)
    for note in report.notes:
        console.print(note, markup=False, soft_wrap=True)


_LONGEST_HEADING = 12
_WIDEST_TEXT = 16
_BETWEEN_COLUMNS = 3


def _heading(column: Column) -> str:
    """A column's title; above numbers on as many lines as keep it no wider than they need."""
    title = translate(column.title)
    return title if column.kind == TEXT else textwrap.fill(title, _LONGEST_HEADING, break_long_words=False)


def _fitting(report: Report, width: int) -> list[Column]:
    """The columns that fit, without breaking a number or the first column; those that give way go first."""
    columns = list(report.columns)
    shown = [*report.rows, report.total or {}]
    needed = {}
    for index, column in enumerate(columns):
        widest = max((len(_cell(row, column)) for row in shown), default=0)
        heading = max(map(len, _heading(column).split("\n")))
        needed[column.key] = max(widest, heading) if column.kind != TEXT or index == 0 else min(widest, _WIDEST_TEXT)
    while sum(needed[column.key] + _BETWEEN_COLUMNS for column in columns) > width:
        first_to_go = max(columns, key=lambda column: column.gives_way)
        if first_to_go.gives_way == 0:
            break
        columns.remove(first_to_go)
    return columns


def _cell(row: Mapping[str, object], column: Column) -> str:
    from rich.markup import escape

    value = row.get(column.key)
    if value is None:
        return ""
    formatter = _FORMATTERS.get(column.kind)
    return formatter(int(str(value))) if formatter else escape(str(value))
