"""What an import writes and looks up in the books."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from typing import Any

from sqlalchemy import Connection, bindparam, text

from klimatvaxling.batches.batch import Rejected
from klimatvaxling.batches.digest import batch_digest, pages_digest, reversals_digest
from klimatvaxling.batches.pages import Page, kept_cells, page
from klimatvaxling.charges.charge import ChargeKey
from klimatvaxling.database.bulk import Arrivals, insert_rows, next_key
from klimatvaxling.travel.profile import Profile, parse_profile
from klimatvaxling.trips.trip import FIELDS, Trips

FIRST_REVISIONS = repeat(0)
REVERSAL = ("trip_row_id", "charge_id", "sign")


@dataclass(frozen=True)
class Known:
    """A trip that is in the books: the revision that is charged, or the newest of one that was taken back."""

    id: int
    batch_id: int
    charge_id: int
    co2_g: int
    is_live: bool
    newest_revision: int


class BatchStore:
    """The writing side of one batch."""

    def __init__(self, connection: Connection, source_id: int) -> None:
        self._connection, self._source_id = connection, source_id
        self.batch_id = next_key(connection, "batch")
        self._next_trip_id = next_key(connection, "trip")
        self._trips = Arrivals(connection, "trip", ("source_id", "revision", *FIELDS), self._next_trip_id)
        self._charges: dict[int, tuple[object, ...]] = {}
        self._reversals: list[tuple[int, int, int]] = []
        self.sha256 = ""
        self.page_digests: list[str] = []
        self._known_pages: dict[int, Page] = {}

    def write(
        self,
        trips: Trips,
        charges: Mapping[int, ChargeKey],
        content: str,
        revisions: Iterable[int] = FIRST_REVISIONS,
        later: Collection[int] = (),
    ) -> None:
        """Trips, the charge lines they are the first of, and their page with its text.

        `later` are charge lines that are written when the whole file is read: those that amend.
        """
        new = set(trips.charge_id) - self._charges.keys()
        new.difference_update(later)
        if new:
            self._write_charges({key: charges[key] for key in sorted(new)}, is_amendment=0)
        values = tuple(chain.from_iterable(zip(repeat(self._source_id), revisions, *trips.columns())))
        self._trips.add(len(trips), values)
        sealed = page(len(self.page_digests) + 1, self._next_trip_id, len(trips), content)
        columns = ("batch_id", *Page.__dataclass_fields__)
        insert_rows(self._connection, "batch_page", columns, [(self.batch_id, *vars(sealed).values())])
        self.page_digests.append(sealed.sha256)
        self._next_trip_id += len(trips)

    def amend(self, charges: Mapping[int, ChargeKey], reversals: Sequence[tuple[int, int]]) -> None:
        """The charge lines that amend, and the trips that are taken back, each by one of them."""
        self._trips.settle()
        self._write_charges(charges, is_amendment=1)
        rows = [(trip_row_id, charge_id, -1) for trip_row_id, charge_id in reversals]
        insert_rows(self._connection, "trip_reversal", REVERSAL, rows)
        self._reversals += rows

    def _write_charges(self, charges: Mapping[int, ChargeKey], *, is_amendment: int) -> None:
        rows = [(key, self.batch_id, *vars(charge).values(), is_amendment) for key, charge in charges.items()]
        columns = ("id", "batch_id", *ChargeKey.__dataclass_fields__, "is_amendment")
        insert_rows(self._connection, "charge", columns, rows)
        self._charges |= {key: (*vars(charge).values(), is_amendment, None) for key, charge in charges.items()}

    def known(self, trip_ids: Sequence[str]) -> dict[str, Known]:
        """Which of the ids are in the books already, this batch's earlier rows included."""
        self._trips.settle()
        rows = self._connection.execute(
            text(
                # A line that amends is written last: a trip without one is of this batch.
                "SELECT t.trip_id, t.id, t.revision, coalesce(c.batch_id, :batch_id) AS batch_id, t.charge_id, t.co2_g,"
                " (SELECT coalesce(sum(sign), 0) FROM trip_reversal r WHERE r.trip_row_id = t.id) = 0 AS is_live"
                " FROM trip t LEFT JOIN charge c ON c.id = t.charge_id"
                " WHERE t.source_id = :source_id AND t.trip_id IN :ids ORDER BY t.revision"
            ).bindparams(bindparam("ids", expanding=True)),
            {"source_id": self._source_id, "batch_id": self.batch_id, "ids": list(trip_ids)},
        )
        found: dict[str, Known] = {}
        for row in rows:
            earlier = found.get(row.trip_id)
            # A trip that this file amends is live twice until the old row is taken back: the new one counts.
            if earlier is not None and earlier.is_live and row.batch_id != self.batch_id:
                found[row.trip_id] = replace(earlier, newest_revision=row.revision)
            else:
                found[row.trip_id] = Known(
                    row.id, row.batch_id, row.charge_id, row.co2_g, bool(row.is_live), row.revision
                )
        return found

    def cells_of(self, known: Known) -> tuple[list[str], list[str], int]:
        """The kept columns and cells as read of a known trip, and its batch."""
        held = self._known_pages.get(known.batch_id)
        if held is None or not held.first_trip_id <= known.id <= held.last_trip_id:
            row = self._connection.execute(
                text(
                    "SELECT number, first_trip_id, last_trip_id, content, sha256 FROM batch_page"
                    " WHERE first_trip_id <= :id ORDER BY first_trip_id DESC LIMIT 1"
                ),
                {"id": known.id},
            ).one()
            held = self._known_pages[known.batch_id] = Page(*row)
        header, cells = kept_cells(held.content, known.id - held.first_trip_id)
        return header, cells, known.batch_id

    def profile_of(self, batch_id: int) -> Profile:
        """The profile a batch was read with; for this batch's own rows the caller has it."""
        name, content = self._connection.execute(
            text(
                "SELECT s.name, p.content FROM batch b JOIN profile p ON p.id = b.profile_id"
                " JOIN source s ON s.id = b.source_id WHERE b.id = :id"
            ),
            {"id": batch_id},
        ).one()
        return parse_profile(name, content)

    def seal(self, facts: Mapping[str, Any], rejected: Sequence[Rejected], header: Sequence[str]) -> None:
        """The rejected rows that wait, and last the batch's own row."""
        waiting = self._quarantine(rejected, header)
        charges = [(key, *self._charges[key]) for key in sorted(self._charges)]
        digests = {
            "trips_sha256": pages_digest(self.page_digests),
            "reversals_sha256": reversals_digest(self._reversals),
        }
        row = {"id": self.batch_id, **facts, **digests, "undoes_id": None, "reason": ""}
        self.sha256 = batch_digest(row, charges, waiting)
        insert_rows(self._connection, "batch", (*row, "sha256"), [(*row.values(), self.sha256)])

    def correct(self, corrected: Mapping[int, str]) -> None:
        """Which quarantined rows came back corrected, and as which trips."""
        rows = [(quarantined, self.batch_id, trip_id) for quarantined, trip_id in corrected.items()]
        insert_rows(self._connection, "quarantine_correction", ("quarantine_id", "batch_id", "trip_id"), rows)

    def _quarantine(self, rejected: Sequence[Rejected], header: Sequence[str]) -> Sequence[tuple[object, ...]]:
        """Keep rejected rows with their complaints until they are corrected or dismissed; each waits once."""
        names = json.dumps(list(header), ensure_ascii=False)
        already = set(
            self._connection.execute(
                text(
                    "SELECT q.cells FROM quarantine q JOIN batch b ON b.id = q.batch_id"
                    " LEFT JOIN quarantine_outcome o ON o.quarantine_id = q.id"
                    " WHERE b.source_id = :source AND q.header = :header AND o.quarantine_id IS NULL"
                ),
                {"source": self._source_id, "header": names},
            ).scalars()
            if rejected
            else ()
        )
        waiting = [
            (row.row, row.trip_id, names, cells, _complaints(row))
            for row in rejected
            if (cells := json.dumps(row.cells, ensure_ascii=False)) not in already
        ]
        insert_rows(
            self._connection,
            "quarantine",
            ("batch_id", "row", "trip_id", "header", "cells", "complaints"),
            [(self.batch_id, *row) for row in waiting],
        )
        return waiting


def _complaints(row: Rejected) -> str:
    faults = [{"code": fault.code, "column": fault.place.column, "what": fault.what()} for fault in row.complaints]
    return json.dumps(faults, ensure_ascii=False)


def source_id(connection: Connection, name: str) -> int:
    """The key of a source, registered when first used."""
    found = connection.execute(text("SELECT id FROM source WHERE name = :name"), {"name": name}).scalar()
    if found is None:
        found = next_key(connection, "source")
        insert_rows(connection, "source", ("id", "name"), [(found, name)])
    return int(found)


def profile_id(connection: Connection, source: int, profile: Profile, registered_at: str, by: str) -> int:
    """The key of a profile's text, numbered as a new version when first used."""
    found = connection.execute(
        text("SELECT id FROM profile WHERE source_id = :source AND sha256 = :sha256"),
        {"source": source, "sha256": profile.sha256},
    ).scalar()
    if found is None:
        version = connection.execute(
            text("SELECT coalesce(max(version), 0) + 1 FROM profile WHERE source_id = :source"), {"source": source}
        ).scalar_one()
        found = next_key(connection, "profile")
        row = (found, source, version, profile.text, profile.sha256, registered_at, by)
        insert_rows(connection, "profile", _PROFILE, [row])
    return int(found)


_PROFILE = ("id", "source_id", "version", "content", "sha256", "registered_at", "registered_by")


def has_trips(connection: Connection, source: int) -> bool:
    """Whether anything of the source was ever posted."""
    return bool(
        connection.execute(
            text("SELECT EXISTS (SELECT 1 FROM trip WHERE source_id = :source)"), {"source": source}
        ).scalar()
    )


def batches_of_file(connection: Connection, file_sha256: str) -> list[int]:
    """The batches in which a file with these bytes was imported, oldest first."""
    found = connection.execute(
        text("SELECT id FROM batch WHERE file_sha256 = :sha256 ORDER BY id"), {"sha256": file_sha256}
    )
    return [int(key) for key in found.scalars()]
