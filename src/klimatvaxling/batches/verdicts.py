"""The verdict on each trip of a file whose source has trips already: new, already imported, a conflict, or there twice.

Content is compared by normal form; the earlier row's kept cells are read again with the profile of that time.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from klimatvaxling.batches.batch import Rejected
from klimatvaxling.batches.pages import LINE_BREAK
from klimatvaxling.batches.store import BatchStore, Known
from klimatvaxling.travel.chunk import Chunk
from klimatvaxling.travel.plausible import Implausible
from klimatvaxling.travel.profile import Profile, fold
from klimatvaxling.travel.rows import Layout
from klimatvaxling.trips.fleet_rows import Reason, SetAside
from klimatvaxling.trips.trip import Trips, normal_form

_LOOKED_UP_AT_ONCE = 500


@dataclass(frozen=True)
class _Outside:
    number: int
    reason: Reason
    earlier: Known
    is_same: bool


class Verdicts:
    """The verdicts on one file's trips, and their counts. `header` are its kept columns as the supplier spells them."""

    def __init__(self, store: BatchStore, profile: Profile, header: tuple[str, ...], *, amends: bool) -> None:
        self._store, self._profile, self._header, self._amends = store, profile, header, amends
        self.already_imported = 0
        self.conflicts: list[tuple[int, str]] = []
        # Ids that stand twice in the file with different content.
        self.twice: set[str] = set()
        # Trips that came as they are in the books: one that came otherwise too is not amended, but stands twice.
        self._unchanged: set[str] = set()
        # Trips in the books whose rows lie outside the scheme by now, and the ids of all rows that do not.
        self._outside: dict[str, _Outside] = {}
        self._inside: set[str] = set()
        self.not_outside: Counter[Reason] = Counter()
        self._has_outside = bool(profile.outside) or profile.names_vehicles

    def note_outside(self, rows: SetAside, trip_ids: Sequence[str]) -> None:
        """Remember which rows outside the scheme are of trips that are in the books."""
        known = self._store.known(trip_ids)
        for at, trip_id in enumerate(trip_ids):
            earlier = known.get(trip_id)
            if earlier is not None and earlier.is_live and earlier.batch_id != self._store.batch_id:
                is_same = self._same_content(earlier, rows.chunk, at)
                self._outside.setdefault(trip_id, _Outside(rows.chunk.numbers[at], rows.reasons[at], earlier, is_same))

    def judge_outside(self) -> list[Known]:
        """The trips to be taken back, where the import amends, since their rows lie outside the scheme by now.

        Else one with the same content is already imported, and stays charged; with other content it is a conflict. Where
        another row of the file has the id and is inside, that row is the trip.
        """
        leave = []
        for trip_id, row in self._outside.items():
            if trip_id in self._inside:
                continue
            if self._amends:
                leave.append(row.earlier)
                continue
            self.not_outside[row.reason] += 1
            if row.is_same:
                self.already_imported += 1
            else:
                self.conflicts.append((row.number, trip_id))
        self.conflicts.sort()
        return leave

    def new_only(self, trips: Trips, chunk: Chunk) -> tuple[Trips, list[Known | None]]:
        """The trips to write, with what they amend or follow; what is there with other content is a conflict.

        A trip that was taken back can come again. Where the import amends, other content is no conflict.
        """
        known = self._store.known(trips.trip_id)
        if self._has_outside:
            self._inside.update(trips.trip_id)
        position = {row: index for index, row in enumerate(chunk.numbers)}
        first_of: dict[str, int] = {}
        new = []
        for index, trip_id in enumerate(trips.trip_id):
            at = position[trips.row[index]]
            earlier = known.get(trip_id)
            if trip_id in first_of:
                same = normal_form(chunk.row(at)) == normal_form(chunk.row(first_of[trip_id]))
                in_this_file = True
            elif earlier is not None and earlier.is_live:
                same = self._same_content(earlier, chunk, at)
                in_this_file = earlier.batch_id == self._store.batch_id or trip_id in self._unchanged
            else:
                first_of[trip_id] = at
                new.append(index)
                continue
            if same:
                self.already_imported += 1
                if self._amends:
                    self._unchanged.add(trip_id)
            elif in_this_file:
                self.twice.add(trip_id)
            elif self._amends:
                first_of[trip_id] = at
                new.append(index)
            else:
                self.conflicts.append((chunk.numbers[at], trip_id))
        written = trips if len(new) == len(trips) else trips.only(new)
        return written, [known.get(trip_id) for trip_id in written.trip_id]

    def without_accepted(self, rejected: Sequence[Rejected]) -> list[Rejected]:
        """The rejected rows, without those that are merely implausible and in the books as they are: accepted before."""
        merely = [row for row in rejected if all(isinstance(fault, Implausible) for fault in row.complaints)]
        accepted: set[int] = set()
        for start in range(0, len(merely), _LOOKED_UP_AT_ONCE):
            part = merely[start : start + _LOOKED_UP_AT_ONCE]
            known = self._store.known([row.trip_id for row in part])
            for row in part:
                earlier = known.get(row.trip_id)
                # Not one that this file brought itself: two rows with one id are both suspect.
                if earlier is not None and earlier.batch_id != self._store.batch_id:
                    layout = Layout(self._profile, [fold(name) for name in self._header])
                    columns = layout.standard([(cell,) for cell in row.cells], 1)
                    kept = [[cell] for cell in row.cells]
                    if self._same_content(earlier, Chunk((row.row,), columns, kept), 0):
                        accepted.add(row.row)
        self.already_imported += len(accepted)
        return [row for row in rejected if row.row not in accepted]

    def suspect_doubles(self, rejected: Sequence[Rejected], known_twice: Collection[str]) -> None:
        """A row that is wrong in itself still makes another row with its id suspect: which one was meant?"""
        if not self._profile.has_trip_ids:
            return
        ids = sorted({row.trip_id for row in rejected}.difference(known_twice))
        for start in range(0, len(ids), _LOOKED_UP_AT_ONCE):
            known = self._store.known(ids[start : start + _LOOKED_UP_AT_ONCE])
            self.twice |= {trip_id for trip_id, trip in known.items() if trip.batch_id == self._store.batch_id}

    def _same_content(self, earlier: Known, chunk: Chunk, index: int) -> bool:
        header, cells, batch_id = self._store.cells_of(earlier)
        if tuple(header) == self._header and cells == chunk.kept_row(index):
            return True
        profile = self._profile if batch_id == self._store.batch_id else self._store.profile_of(batch_id)
        layout = Layout(profile, [fold(name) for name in header])
        then = [column[0] for column in layout.standard([(cell,) for cell in cells], 1)]
        # A page cannot tell a line break in a cell from the sign it writes instead.
        now = [cell.replace(LINE_BREAK, "\n") for cell in chunk.row(index)]
        return normal_form(then) == normal_form(now)
