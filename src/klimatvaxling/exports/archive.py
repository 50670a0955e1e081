"""The archive of a year: everything the year's books rest on, in CSV and JSON, readable and verifiable without the program.

What the law asks to be kept for seven years after the calendar year (BFL 7:2). Entries bear no time stamp: the
same books give the same bytes.
"""

import csv
import datetime
import hashlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, text

from klimatvaxling.batches.pages import LINE_BREAK, columns_of
from klimatvaxling.database.schema import metadata
from klimatvaxling.errors import InputRefused
from klimatvaxling.files import opened_entry
from klimatvaxling.language import N_
from klimatvaxling.ledger import chain
from klimatvaxling.lots.retention import Retention
from klimatvaxling.policies.register import all_values
from klimatvaxling.reports.journal import journal
from klimatvaxling.trips.trip import FIELDS

_DATA = Path(__file__).parent / "data"
_EVERYTHING = "9999-12-31T23:59:59.999999Z"
# Batches with a voucher of the year, whole; one that only put rows in quarantine belongs to the year it was registered.
_BATCHES = """
SELECT b.id FROM batch b WHERE EXISTS (SELECT 1 FROM voucher v WHERE v.batch_id = b.id AND v.fiscal_year = :year)
OR NOT EXISTS (SELECT 1 FROM voucher v WHERE v.batch_id = b.id) AND substr(b.registered_at, 1, 4) = :year_text
"""
# Tables of which only the year's rows are kept; every other table is kept whole.
_OF_YEAR = {
    "voucher": "fiscal_year = :year",
    "posting": "voucher_id IN (SELECT id FROM voucher WHERE fiscal_year = :year)",
    "batch": f"id IN ({_BATCHES})",
    "batch_page": f"batch_id IN ({_BATCHES})",
    "charge": f"batch_id IN ({_BATCHES})",
    "quarantine": f"batch_id IN ({_BATCHES})",
    "trip_reversal": f"charge_id IN (SELECT id FROM charge WHERE batch_id IN ({_BATCHES}))",
}
# Kept in a form of their own, with what each row means.
_ELSEWHERE = ("trip",)
# What a row holds as text or bytes stands in a file of its own.
_CONTENTS = ("batch_page", "profile", "factor_set", "coding_plan", "handover_file")
_TRIPS = """
SELECT s.name AS source, t.revision, u.code AS unit, c.category, v.code AS voucher, c.booked_on,
  fs.name || ' ' || fs.version AS factor_set, f.key AS factor, f.g_per_unit, f.unit AS factor_unit, t.trip_id, t.charge_id,
  t.row, t.trip_on, t.tier, t.quantity, t.factor_id, t.co2_g, t.co2_under_500_km_g, t.cost_centre, t.project
FROM trip t JOIN source s ON s.id = t.source_id JOIN charge c ON c.id = t.charge_id JOIN unit u ON u.id = c.unit_id
  LEFT JOIN posting p ON p.charge_id = c.id LEFT JOIN voucher v ON v.id = p.voucher_id
  LEFT JOIN factor f ON f.id = t.factor_id LEFT JOIN factor_set fs ON fs.id = f.factor_set_id
WHERE t.id BETWEEN :first AND :last ORDER BY t.id
"""
_TRIP_KEYS = (
    *("source", "revision", "unit", "category", "voucher", "booked_on", "factor_set", "factor", "g_per_unit"),
    *("factor_unit", *FIELDS),
)
_ACCOUNTS = """
SELECT p.account, u.code AS unit,
  coalesce(sum(CASE WHEN v.fiscal_year < :year THEN p.amount_ore END), 0) AS before_ore,
  coalesce(sum(CASE WHEN v.fiscal_year = :year THEN p.amount_ore END), 0) AS change_ore,
  sum(p.amount_ore) AS after_ore
FROM posting p JOIN voucher v ON v.id = p.voucher_id LEFT JOIN unit u ON u.id = p.unit_id
WHERE v.fiscal_year <= :year GROUP BY p.account, u.code ORDER BY p.account, u.code
"""
_LOTS = """
SELECT o.code AS lot, u.code AS unit, l.lot_on,
  coalesce(-sum(CASE WHEN v.fiscal_year < :year THEN p.amount_ore END), 0) AS before_ore,
  coalesce(-sum(CASE WHEN v.fiscal_year = :year THEN p.amount_ore END), 0) AS change_ore,
  -sum(p.amount_ore) AS after_ore, max(CASE WHEN v.fiscal_year = :year THEN 1 ELSE 0 END) AS moved
FROM posting p JOIN voucher v ON v.id = p.voucher_id JOIN unit u ON u.id = p.unit_id
  JOIN lot l ON l.voucher_id = p.lot_id JOIN voucher o ON o.id = p.lot_id
WHERE v.fiscal_year <= :year AND p.account = 'own_funds'
GROUP BY p.lot_id, o.code, u.code, l.lot_on ORDER BY l.lot_on, p.lot_id, u.code
"""
_SPOOLED_BYTES, _PIECE_BYTES = 16_000_000, 1_000_000
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class NothingToArchive(InputRefused):
    """A year without vouchers."""

    code = "KV-ARCHIVE-EMPTY"
    message = N_("Nothing is booked in {year}; there is nothing to archive.")
    remedy = N_("See which years have vouchers with: klimatvaxling journal")


def write_archive(
    connection: Connection, year: int, file: IO[bytes], progress: Callable[[int], None]
) -> dict[str, object]:
    """Write the archive of a fiscal year; gives what stands in its `book.json`.

    `progress` is called with the trips written so far. Raises `NothingToArchive`.
    """
    book = _book(connection, year)
    if not book["vouchers_of_year"]:
        raise NothingToArchive(year=year)
    with zipfile.ZipFile(file, "w") as archive:
        kept = _Archive(archive)
        for name in ("README.txt", "verify.py"):
            kept.add(name, (_DATA / name).read_bytes())
        kept.add("book.json", (json.dumps(book, ensure_ascii=False, indent=2) + "\n").encode())
        kept.add_rows("journal", *_journal(connection, year))
        kept.add_rows("accounts", *_rows(connection, _ACCOUNTS, year=year))
        kept.add_rows("lots", *_lots(connection, year))
        kept.add_rows(
            "chain",
            *_rows(
                connection, "SELECT id, code, booked_on, registered_at, previous_hash, hash FROM voucher ORDER BY id"
            ),
        )
        _add_trips(connection, kept, year, progress)
        _add_texts(connection, kept)
        _add_tables(connection, kept, year)
        kept.seal()
    return book


class _Archive:
    """The zip file while it is written, with a digest of each entry."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._digests: dict[str, str] = {}

    @contextmanager
    def entry(self, name: str) -> Iterator["_Entry"]:
        """An entry to write piece by piece."""
        with opened_entry(self._archive, name) as file:
            entry = _Entry(file)
            yield entry
        self._digests[name] = entry.digest.hexdigest()

    def add(self, name: str, content: bytes) -> None:
        """An entry as a whole."""
        with self.entry(name) as entry:
            entry.write(content)

    def add_rows(self, name: str, keys: Sequence[str], rows: Sequence[Mapping[str, object]]) -> None:
        """A table as CSV and as JSON."""
        self.add(f"{name}.csv", _csv([keys, *([row[key] for key in keys] for row in rows)]))
        self.add(f"{name}.json", _json(rows))

    def seal(self) -> None:
        """The digests of all entries, as `sha256sum -c` reads them."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._digests.items()))
        self.add("SHA256SUMS", lines.encode())


class _Entry:
    """An open entry, hashed as it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def write(self, content: bytes) -> None:
        self._file.write(content)
        self.digest.update(content)


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    words = io.StringIO()
    csv.writer(words, delimiter=";", lineterminator="\n").writerows(
        ["" if value is None else value for value in row] for row in rows
    )
    return words.getvalue().encode()


def _json(rows: Sequence[Mapping[str, object]]) -> bytes:
    """A list with a row on each line."""
    return ("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n").encode()


def _rows(connection: Connection, statement: str, **values: object) -> tuple[Sequence[str], list[dict[str, Any]]]:
    found = connection.execute(text(statement), values)
    return list(found.keys()), [row._asdict() for row in found]


def _book(connection: Connection, year: int) -> dict[str, object]:
    book = connection.execute(text("SELECT organisation, org_number, nonce FROM book")).one()
    last = chain.head(connection)
    count = connection.execute(text("SELECT count(*) FROM voucher WHERE fiscal_year = :year"), {"year": year})
    return {
        "year": year,
        "organisation": book.organisation,
        "org_number": book.org_number,
        "nonce": book.nonce,
        "vouchers_of_year": count.scalar_one(),
        "vouchers_in_chain": last.vouchers,
        "head": last.hash,
    }


def _journal(connection: Connection, year: int) -> tuple[Sequence[str], list[dict[str, object]]]:
    """The year's lines, each with its voucher's facts; titles in the language in use are left out."""
    first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 31)
    report = journal(connection, datetime.date.max, _EVERYTHING, first=first, last=last)
    facts = {
        document["voucher"]: {key: document[key] for key in ("batch", "made_by", "evidence", "corrected_by", "hash")}
        for document in report.document["vouchers"]  # type: ignore[attr-defined]
    }
    keys = (*report.csv_keys, "batch", "made_by", "evidence", "corrected_by", "hash")
    rows = [{**row, **facts[row["voucher"]]} for row in report.rows]
    return keys, [{key: row[key] for key in keys} for row in rows]


def _lots(connection: Connection, year: int) -> tuple[Sequence[str], list[dict[str, object]]]:
    retention = Retention(all_values(connection))
    _, rows = _rows(connection, _LOTS, year=year)
    keys = ("lot", "unit", "lot_on", "last_day_on", "before_ore", "change_ore", "after_ore")
    shown = [
        row | {"last_day_on": retention.last_day(row["lot_on"])} for row in rows if row["moved"] or row["before_ore"]
    ]
    return keys, [{key: row[key] for key in keys} for row in shown]


def _add_trips(connection: Connection, kept: _Archive, year: int, progress: Callable[[int], None]) -> None:
    """Each batch's trips with the kept cells, page by page: a large batch is never in memory as a whole."""
    done = 0
    for batch in _batches(connection, year):
        name = f"trips/batch-{batch:05d}"
        # One entry of a zip file is written at a time: the other waits beside it.
        with tempfile.SpooledTemporaryFile(_SPOOLED_BYTES) as waiting:
            with kept.entry(f"{name}.csv") as entry:
                for number, (names, trips) in enumerate(_pages(connection, batch)):
                    if number == 0:
                        entry.write(_csv([[*_TRIP_KEYS, *(f"file:{column}" for column in names)]]))
                    entry.write(_csv([(*trip, *cells) for trip, cells in trips]))
                    lines = [_trip_json(trip, names, cells) for trip, cells in trips]
                    waiting.write(((",\n" if number else "") + ",\n".join(lines)).encode())
                    done += len(trips)
                    progress(done)
            waiting.seek(0)
            with kept.entry(f"{name}.json") as entry:
                entry.write(b"[\n")
                while piece := waiting.read(_PIECE_BYTES):
                    entry.write(piece)
                entry.write(b"\n]\n")
        for number, content in connection.execute(
            text("SELECT number, content FROM batch_page WHERE batch_id = :batch ORDER BY number"), {"batch": batch}
        ):
            kept.add(_page_file(batch, number), content.encode())


def _trip_json(trip: Sequence[object], names: Sequence[str], cells: Sequence[str]) -> str:
    document = {**dict(zip(_TRIP_KEYS, trip, strict=True)), "cells": dict(zip(names, cells, strict=True))}
    return json.dumps(document, ensure_ascii=False)


# A trip's values in the order of `_TRIP_KEYS`, and its kept cells.
_Trip = tuple[Sequence[object], Sequence[str]]


def _pages(connection: Connection, batch: int) -> Iterator[tuple[list[str], list[_Trip]]]:
    """The kept columns' names and the trips of each page of a batch."""
    pages = connection.execute(
        text("SELECT first_trip_id, last_trip_id, content FROM batch_page WHERE batch_id = :batch ORDER BY number"),
        {"batch": batch},
    ).all()
    for page in pages:
        columns = columns_of(page.content)[len(FIELDS) :]
        names = [column[0] for column in columns]
        found = connection.execute(text(_TRIPS), {"first": page.first_trip_id, "last": page.last_trip_id}).all()
        cells = zip(*([cell.replace(LINE_BREAK, "\n") for cell in column[1:]] for column in columns), strict=True)
        # A page without kept columns has no cells, and as many trips.
        yield names, list(zip(map(tuple, found), cells if columns else repeat(()), strict=bool(columns)))


def _batches(connection: Connection, year: int) -> Sequence[int]:
    values = {"year": year, "year_text": str(year)}
    return connection.execute(text(f"{_BATCHES} ORDER BY b.id"), values).scalars().all()


def _page_file(batch: int, number: int) -> str:
    return f"pages/batch-{batch:05d}-{number:05d}.txt"


def _add_texts(connection: Connection, kept: _Archive) -> None:
    """Profiles, factor sets, coding plans and files that were handed over, as the files they were."""
    for row in connection.execute(
        text("SELECT s.name, p.version, p.content FROM profile p JOIN source s ON s.id = p.source_id ORDER BY p.id")
    ):
        kept.add(f"profiles/{_UNFIT.sub('-', row.name)}-{row.version}.toml", row.content.encode())
    for row in connection.execute(text("SELECT id, name, version, content FROM factor_set ORDER BY id")):
        kept.add(f"factor-sets/{row.id}-{_UNFIT.sub('-', f'{row.name}-{row.version}')}.toml", row.content.encode())
    for row in connection.execute(text("SELECT id, version, content FROM coding_plan ORDER BY id")):
        kept.add(f"coding-plans/{row.id}-{_UNFIT.sub('-', row.version)}.toml", row.content.encode())
    for row in connection.execute(text("SELECT name, content FROM handover_file ORDER BY id")):
        kept.add(f"handovers/{row.name}", bytes(row.content))


def _add_tables(connection: Connection, kept: _Archive, year: int) -> None:
    """Every table of the books as it is; the texts that stand in files of their own are named."""
    tables = metadata().tables
    for name in sorted(tables.keys() - set(_ELSEWHERE)):
        order = ", ".join(column.name for column in tables[name].primary_key)
        wanted = _OF_YEAR.get(name)
        values = {
            key: value for key, value in (("year", year), ("year_text", str(year))) if f":{key}" in (wanted or "")
        }
        keys, rows = _rows(
            connection, f"SELECT * FROM {name}{f' WHERE {wanted}' if wanted else ''} ORDER BY {order}", **values
        )
        if name == "batch_page":
            rows = [{**row, "file": _page_file(row["batch_id"], row["number"])} for row in rows]
            keys = [*keys, "file"]
        if name in _CONTENTS:
            keys = [key for key in keys if key != "content"]
            rows = [{key: row[key] for key in keys} for row in rows]
        kept.add_rows(f"tables/{name}", keys, rows)
