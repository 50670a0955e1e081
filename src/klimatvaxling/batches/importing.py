"""The import: a travel file in, charged units out, all of it in one transaction or nothing.

The file is read once, optimistically: no trip is looked up unless its source has trips already. If an id turns out to
stand twice, everything is rolled back and read again with care.
"""

import datetime
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from klimatvaxling import __version__
from klimatvaxling.batches.ahead import reading_ahead
from klimatvaxling.batches.amending import Amending
from klimatvaxling.batches.batch import (
    ImportResult,
    Rejected,
    RowsRejected,
    TripsConflict,
    UnitCharge,
)
from klimatvaxling.batches.order import Order
from klimatvaxling.batches.pages import page_text
from klimatvaxling.batches.quarantine import Corrected, corrections
from klimatvaxling.batches.quarantine_register import waiting_rows
from klimatvaxling.batches.reader import Reader
from klimatvaxling.batches.reading import Closing, Opening, Part, Task
from klimatvaxling.batches.store import FIRST_REVISIONS, BatchStore, Known, has_trips, profile_id, source_id
from klimatvaxling.batches.verdicts import Verdicts
from klimatvaxling.charges.charge import Booking, ChargeKey
from klimatvaxling.charges.voucher import ChargeLine, charge_vouchers
from klimatvaxling.clock import Clock, stamp, today
from klimatvaxling.database.bulk import next_key
from klimatvaxling.database.guards import insert_guards_aside
from klimatvaxling.emissions.register import registered_factors
from klimatvaxling.errors import ExchangeError, Place
from klimatvaxling.fund.fund import Fund
from klimatvaxling.fund.register import fund_in
from klimatvaxling.language import N_, translate
from klimatvaxling.ledger.posting_door import post
from klimatvaxling.ledger.voucher import VoucherDraft
from klimatvaxling.lots.register import own_funds_of
from klimatvaxling.periods.register import first_open_day, require_all_open
from klimatvaxling.policies.register import all_values
from klimatvaxling.trips.trip import SEPARATOR, Trips
from klimatvaxling.units.register import directory, mergers, versions
from klimatvaxling.vehicles.register import vehicles


class Refused(Exception):
    """The import was refused; carries what the file was found to be, for the user and the rejected-rows workbook."""

    def __init__(self, fault: ExchangeError, result: ImportResult) -> None:
        super().__init__(str(fault))
        self.fault, self.result = fault, result


class _ReadAgainWithCare(Exception):
    """An id stood twice, or a row has to be left out: start over knowing it."""


def import_file(
    connection: Connection,
    order: Order,
    *,
    clock: Clock,
    by: str,
    progress: Callable[[int], None] = lambda _rows: None,
    reader: Reader | None = None,
) -> ImportResult:
    """Import one file within the caller's write transaction. `reader` is one that was started for it already.

    Raises `Refused` (with the reason and the counts) when rows were rejected, conflict or were not as expected, and
    any `ExchangeError` that concerns the whole file.
    """
    twice: set[str] = set()
    careful = False
    while True:
        savepoint = connection.begin_nested()
        reading = _Import(connection, order, clock, by, careful=careful, twice=frozenset(twice))
        try:
            result = reading.run(progress, reader)
            savepoint.commit()
        except IntegrityError:
            savepoint.rollback()
            if careful:
                raise
            careful, reader = True, None
        except _ReadAgainWithCare:
            savepoint.rollback()
            careful, twice, reader = True, twice | reading.found_twice, None
        except BaseException:
            savepoint.rollback()
            raise
        else:
            return result


class _Import:
    """One pass over one file."""

    def __init__(
        self, connection: Connection, order: Order, clock: Clock, by: str, *, careful: bool, twice: frozenset[str]
    ) -> None:
        self._connection, self._order = connection, order
        self._clock, self._by, self._twice = clock, by, twice
        self._profile = order.profile
        first_open = first_open_day(connection)
        if order.booked_on is not None:
            require_all_open([order.booked_on], first_open)
        self._source_id = source_id(connection, self._profile.name)
        self._looks_up = careful or has_trips(connection, self._source_id)
        unit_versions = versions(connection)
        self._units = {unit.id: unit for unit in unit_versions}
        sets, factor_keys = registered_factors(connection)
        self._task = Task(
            file=order.file,
            profile=order.profile,
            units=unit_versions,
            mergers=mergers(connection),
            policies=all_values(connection),
            factor_sets=sets,
            factor_keys=factor_keys,
            booking=Booking(today(clock), order.booked_on, first_open),
            trip_date=order.trip_date,
            vehicles=vehicles(connection) if order.profile.names_vehicles else (),
            first_charge_id=next_key(connection, "charge"),
            twice=twice,
            with_cells=self._looks_up,
            accept=order.accept,
        )
        self._charges: dict[int, ChargeKey] = {}
        self._grams: defaultdict[int, int] = defaultdict(int)
        self._rejected: list[Rejected] = []
        self._amending = Amending(connection, order.booked_on, directory(connection).successor)
        # The reader numbers charge lines as it meets them; where trips are amended there are others between.
        self._numbers: dict[int, int] = {}
        self._own_charges: dict[int, ChargeKey] = {}
        self._posted = self._understood_g = 0
        self._corrected: list[Corrected] = []
        self._opening: Opening
        self._closing: Closing
        self._store: BatchStore
        self._verdicts: Verdicts

    @property
    def found_twice(self) -> set[str]:
        """Ids that stand twice in the file with different content."""
        return self._verdicts.twice

    def run(self, progress: Callable[[int], None], reader: Reader | None) -> ImportResult:
        """Read everything, then post or refuse."""
        with insert_guards_aside(self._connection, "trip"), reading_ahead(self._task, reader) as messages:
            for message in messages:
                if isinstance(message, Part):
                    self._take(message)
                    progress(message.rows_read)
                elif isinstance(message, Opening):
                    self._opening = message
                    self._store = BatchStore(self._connection, self._source_id)
                    self._verdicts = Verdicts(self._store, self._profile, message.header, amends=self._order.amend)
                else:
                    self._closing = message
        self._rejected += self._closing.rejected
        self._rejected.sort(key=lambda row: row.row)
        if self._looks_up:
            self._rejected = self._verdicts.without_accepted(self._rejected)
        self._verdicts.suspect_doubles(self._rejected, self._twice)
        self._take_back(self._verdicts.judge_outside())
        if self.found_twice - self._twice:
            raise _ReadAgainWithCare
        if unexpected := self._order.unexpected(self._closing.rows_read, self._understood_g):
            raise Refused(unexpected, self._held())
        if conflicts := self._verdicts.conflicts:
            row, trip_id = conflicts[0]
            place = Place(file=self._opening.name, row=row)
            raise Refused(TripsConflict(count=len(conflicts), trip_id=trip_id, row=row, place=place), self._held())
        if self._rejected and not self._order.accept_partial:
            raise Refused(
                RowsRejected(
                    rejected=len(self._rejected),
                    read=self._closing.rows_read,
                    workbook=f"{self._order.file.stem}.rejected.xlsx",
                    place=Place(file=self._opening.name),
                ),
                self._held(),
            )
        return self._post()

    def _take(self, part: Part) -> None:
        self._rejected += part.rejected
        self._charges.update(part.charges)
        if part.set_aside is not None:
            self._verdicts.note_outside(part.set_aside, part.set_aside_ids)
        trips = part.trips
        if trips is None:
            return
        self._understood_g += sum(trips.co2_g)
        if part.cells is None:
            self._own_charges = self._charges
            self._write(trips, None)
            return
        new, earlier = self._verdicts.new_only(trips, part.cells)
        if len(new):
            self._write_looked_up(new, earlier)

    def _take_back(self, trips: Iterable[Known]) -> None:
        for known in trips:
            day = self._task.booking.day_for(datetime.date.fromisoformat(known.trip_on))
            self._amending.take_back(day.isoformat(), known, self._next_number)

    def _write_looked_up(self, trips: Trips, earlier: Sequence[Known | None]) -> None:
        """Write trips that were looked up, each in its own charge line: that of its travel, or one that amends."""
        lines = []
        for position, (charge_id, known) in enumerate(zip(trips.charge_id, earlier, strict=True)):
            if known is None or not known.is_live:
                lines.append(self._number_of(charge_id))
                continue
            key = self._charges[charge_id]
            lines.append(self._amending.amend(key, trips.co2_g[position], self._rate(key), known, self._next_number))
        trips = replace(trips, charge_id=lines)
        revisions = [0 if known is None else known.newest_revision + 1 for known in earlier]
        self._write(trips, revisions)

    def _rate(self, key: ChargeKey) -> int:
        return next(int(value.value) for value in self._task.policies if value.id == key.rate_id)

    def _number_of(self, reader_id: int) -> int:
        """The key of a charge line of travel, by the number the reader gave it."""
        if reader_id not in self._numbers:
            self._numbers[reader_id] = self._next_number()
            self._own_charges[self._numbers[reader_id]] = self._charges[reader_id]
        return self._numbers[reader_id]

    def _next_number(self) -> int:
        return self._task.first_charge_id + len(self._numbers) + len(self._amending.numbers)

    def _write(self, trips: Trips, revisions: Sequence[int] | None) -> None:
        """Write trips and their page; without `revisions` all of them are first ones."""
        content = page_text(self._opening.header, trips)
        written = FIRST_REVISIONS if revisions is None else revisions
        self._store.write(trips, self._own_charges, content, written, self._amending.numbers)
        if self._opening.is_corrected:
            cells = zip(*(line.split(SEPARATOR) for line in trips.kept), strict=True)
            self._corrected += map(Corrected, trips.trip_id, cells)
        grams = self._grams
        for charge_id, co2_g in zip(trips.charge_id, trips.co2_g, strict=True):
            grams[charge_id] += co2_g
        self._posted += len(trips)

    def _post(self) -> ImportResult:
        to_wait = self._store.to_wait(self._rejected, self._opening.header)
        if not (self._posted or to_wait or self._amending.taken_back):
            return self._result(None, (), ())
        self._write_taken_back()
        lines = self._charge_lines()
        facts = self._facts(lines)
        if self._corrected:
            waiting = waiting_rows(self._connection, self._source_id)
            self._store.correct(corrections(waiting, self._opening.header, self._corrected))
        self._store.seal(facts, to_wait)
        drafts = self._drafts(lines)
        vouchers = post(self._connection, drafts, clock=self._clock, made_by=self._by)
        return self._result(self._store.batch_id, lines, tuple(voucher.code for voucher in vouchers))

    def _write_taken_back(self) -> None:
        """The trips that are amended, and the lines that amend: now their day is known."""
        self._store.amend(self._amending.charges(), self._amending.taken_back)
        for line, co2_g in self._amending.grams.items():
            self._grams[line] += co2_g

    def _drafts(self, lines: Sequence[ChargeLine]) -> list[VoucherDraft]:
        """The vouchers: charges, then corrections, which see what the charges brought."""
        own_funds = own_funds_of(self._connection, sorted({line.key.unit_id for line in lines}))
        described = {"source": self._profile.name, "file": self._opening.name}
        shared: dict[str, Any] = {
            "evidence": self._order.evidence or f"{self._opening.name} sha256:{self._opening.sha256}",
            "batch_id": self._store.batch_id,
            "batch_sha256": self._store.sha256,
        }
        amending = [line for line in lines if line.id in self._amending.numbers]
        charging = [line for line in lines if line.id not in self._amending.numbers]
        description = translate(N_("Climate fee for travel: {source}, {file}"), **described)
        drafts = charge_vouchers(charging, self._units, own_funds, description=description, **shared)
        for draft in drafts if amending else ():
            own_funds = {
                unit_id: funds.after(draft.postings, draft.booked_on, draft.opens_lot_on)
                for unit_id, funds in own_funds.items()
            }
        description = translate(N_("Correction of travel: {source}, {file}"), **described)
        fund = fund_in(self._connection) if amending else Fund()
        corrections = self._amending.vouchers(amending, self._units, own_funds, fund, before=len(drafts))
        return [*drafts, *(replace(draft, description=description, **shared) for draft in corrections)]

    def _facts(self, lines: Sequence[ChargeLine]) -> dict[str, object]:
        """What the batch's own row says."""
        registered_at = stamp(self._clock())
        result = self._result(None, lines, ())
        return {
            "source_id": self._source_id,
            "profile_id": profile_id(self._connection, self._source_id, self._profile, registered_at, self._by),
            "file_name": self._opening.name,
            "file_sha256": self._opening.sha256,
            "file_bytes": self._opening.size_bytes,
            **{name: getattr(result, name) for name in _COUNTS},
            "evidence": self._order.evidence,
            "accepted": " ".join(sorted(set(self._order.accept))),
            "outside": json.dumps(result.outside, ensure_ascii=False, sort_keys=True) if result.outside else "",
            "registered_at": registered_at,
            "registered_by": self._by,
            "program_version": __version__,
        }

    def _charge_lines(self) -> list[ChargeLine]:
        charges = {**self._own_charges, **self._amending.charges()}
        rates = {**self._amending.rates, **self._closing.rates}
        return [
            ChargeLine(charge_id, charges[charge_id], co2_g, rates[charges[charge_id].rate_id])
            for charge_id, co2_g in sorted(self._grams.items())
        ]

    def _held(self) -> ImportResult:
        """The counts of a file that was refused: its good rows are held back."""
        held, self._posted = self._posted + len(self._verdicts.conflicts), 0
        return self._result(None, (), (), held=held)

    def _result(
        self, batch: int | None, lines: Sequence[ChargeLine], vouchers: tuple[str, ...], held: int = 0
    ) -> ImportResult:
        by_unit: dict[str, tuple[int, int]] = {}
        outside: dict[str, int] = {}
        for reason, count in (Counter(self._closing.outside) - self._verdicts.not_outside).items():
            outside[str(reason)] = outside.get(str(reason), 0) + count
        for line in lines:
            code = self._units[line.key.unit_id].code
            co2_g, ore = by_unit.get(code, (0, 0))
            by_unit[code] = (co2_g + line.co2_g, ore + line.amount_ore)
        return ImportResult(
            batch=batch,
            source=self._profile.name,
            file=self._opening.name,
            file_sha256=self._opening.sha256,
            rows_read=self._closing.rows_read,
            rows_posted=self._posted,
            rows_already_imported=self._verdicts.already_imported,
            rows_outside_scheme=sum(outside.values()),
            rows_rejected=len(self._rejected),
            rows_held=held,
            co2_g=sum(line.co2_g for line in lines),
            charged_ore=sum(line.amount_ore for line in lines),
            units=tuple(UnitCharge(code, *sums) for code, sums in sorted(by_unit.items())),
            vouchers=vouchers,
            dry_run=self._order.dry_run,
            outside=outside,
            rejected=tuple(self._rejected),
            header=self._opening.header,
        )


_COUNTS = (
    "rows_read",
    "rows_posted",
    "rows_already_imported",
    "rows_outside_scheme",
    "rows_rejected",
    "rows_held",
    "co2_g",
    "charged_ore",
)
