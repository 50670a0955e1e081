"""Showing a report: as a table for people, as JSON or CSV for programs. Data goes to standard output."""

import csv
import json
import sys
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
    columns = [column for column in report.columns if column.from_width <= console.width]
    table = Table(box=SIMPLE_HEAD, show_footer=report.total is not None, pad_edge=False, footer_style="bold")
    for index, column in enumerate(columns):
        total = translate(N_("Total")) if index == 0 else _cell(report.total or {}, column)
        is_number = column.kind != TEXT
        table.add_column(
            translate(column.title),
            footer=total,
            justify="right" if is_number else "left",
            no_wrap=is_number,
            overflow="fold",
        )
    for row in report.rows:
        table.add_row(*(_cell(row, column) for column in columns))
    console.print(table)
    for note in report.notes:
        console.print(note, markup=False, soft_wrap=True)


def _cell(row: Mapping[str, object], column: Column) -> str:
    from rich.markup import escape

    value = row.get(column.key)
    if value is None:
        return ""
    formatter = _FORMATTERS.get(column.kind)
    return formatter(int(str(value))) if formatter else escape(str(value))
