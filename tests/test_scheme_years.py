"""Years of the scheme, in any order, against a model that knows nothing of the program (`scheme.py`).

Imports, amendments, undone batches, measures, reversals, sweeps, appropriations, opening amounts, grants, transfers,
mergers, ended units, closed and reopened months, booked forwards and backwards through the command line. After every step
both say the same to the öre, refuse the same, and what was refused left no trace; what was remembered comes out again
identical, as known then. KLIMATVAXLING_HISTORIES and KLIMATVAXLING_STEPS say how many histories, and how long each is:
`.ci/run` takes two thousand steps, `make soak` eight thousand.
"""

import copy
import datetime
import gc
import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conftest import Books, Outcome, Shelf
from scheme import AVAILABLE, COMPANY, END, UNITS, Grant, Journey, Refused, Scheme

TODAY = datetime.date(2027, 1, 15)
# As many processes can share the work.
PARTS = 4
HISTORIES, STEPS = int(os.environ.get("KLIMATVAXLING_HISTORIES", "4")), int(os.environ.get("KLIMATVAXLING_STEPS", "45"))
EDGES = [datetime.date.fromisoformat(day) for day in (
    "2024-02-28", "2024-02-29", "2024-03-01", "2024-12-31", "2025-01-01", "2025-02-14", "2025-02-15", "2025-02-28",
    "2025-03-01", "2025-12-31", "2026-01-01", "2026-02-28", "2026-12-31", "2027-12-31", "2028-02-29",
)]  # fmt: skip


class Years:
    """One history, drawn at random: what happens is weighted so that all of it meets all the rest."""

    def __init__(self, books: Books, seed: int, clock: Any) -> None:
        self.clock = clock
        self.remembered: list[tuple[str, dict[tuple[str, ...], str]]] = []
        self.draw = random.Random(seed)
        self.folder = books.folder
        self.books = books
        self.scheme = Scheme(TODAY)
        self.now = datetime.date(2024, 3, 1)
        self.journeys = self.files = 0
        self.history: list[Journey] = []
        self.posted()
        for code in ("KUL", "FRI"):
            added = self.books("unit", "add", code, "--name", code, "--kind", "administration", "--from", "2013-01-01")
            assert added.code == 0, added.err
        assert self.books("policy", "set", "rate", "1,75", "--from", "2025-02-15", "--decision", "KS").code == 0

        since = self.draw.choice([None, *EDGES])
        if since is not None:
            change = ("policy", "set", "retention", "end_of_next_year", "--from", since, "--decision", "KS")
            assert self.books(*change).code == 0
            self.scheme.end_of_next_year_from = since
        self.posted()

    def live(self, steps: int) -> None:
        """Every so often something happens."""
        for _ in range(steps):
            what, weight = zip(*self.EVENTS.items(), strict=True)
            self.draw.choices(what, weight)[0](self)
        for moment, then in self.remembered:
            assert self.reports(moment, list(then)) == then
        for day in (*EDGES, self.now, datetime.date(2999, 1, 1)):
            self.compare(day)
        self.books.sound()

    def when(self) -> datetime.date:
        """Near what happened last, at an edge of a year or month, or anywhere."""
        kind = self.draw.random()
        if kind < 0.6:
            return self.near(-20, 60)
        if kind < 0.8:
            return self.near(-400, 300)
        if kind < 0.87:
            return self.draw.choice(EDGES)
        if kind < 0.95:  # when nearly everything is due
            return datetime.date(2027, 1, 1) + datetime.timedelta(days=self.draw.randrange(500))
        return datetime.date(2024, 1, 1) + datetime.timedelta(days=self.draw.randrange(1600))

    def near(self, first: int, last: int) -> datetime.date:
        """A day some days before or after; the history goes on from there."""
        day = self.now + datetime.timedelta(days=self.draw.randint(first, last))
        if last < 100:
            self.now = max(self.now, min(day, datetime.date(2026, 12, 1)))
        return day

    def perhaps(self) -> datetime.date | None:
        """A day or none; now and then one after everything that is booked, so that what was swept is corrected."""
        kind = self.draw.random()
        if kind < 0.2:
            last = max((voucher.day for voucher in self.scheme.vouchers.values()), default=self.now)
            return min(last + datetime.timedelta(days=self.draw.randint(0, 20)), datetime.date(2030, 12, 31))
        return self.when() if kind < 0.88 else None

    def grams(self) -> int:
        first, last = self.draw.choice([(1, 60_000), (1, 60_000), (1, 60_000), (-40_000, 0), (-3, 3)])
        return self.draw.randint(first, last)

    def amount(self, there_is: int) -> int:
        """A part of what there is, all of it, one öre too much, or any amount."""
        kind = self.draw.random()
        if kind < 0.6:
            return there_is * self.draw.randint(1, 60) // 100
        if kind < 0.75:
            return there_is
        return there_is + 1 if kind < 0.9 else self.draw.randint(-1, 9000)

    def one_of(self, number: int, newest: int) -> int:
        """One of the numbers from 1, often a new one."""
        return number - self.draw.randrange(min(number, newest))

    def posted(self) -> None:
        self.content = self.now_kept()

    def perform(self, what: Callable[[Scheme], dict[str, Any]], *command: object) -> None:
        """Both do it, or both refuse; the program first as a dry run."""
        trial = copy.deepcopy(self.scheme)
        try:
            expected: dict[str, Any] = what(trial)
        except Refused as refusal:
            self.refuse(refusal, *command)
            return
        if self.draw.random() < 0.25:
            self.agree(expected, self.books(*command, "--format", "json", "--dry-run"))
            self.unchanged()
        self.clock.tick(1)
        self.agree(expected, self.books(*command, "--format", "json"))
        self.clock.tick(1)
        self.scheme = trial
        self.posted()
        self.compare(self.draw.choice([self.when(), TODAY, END]))

    def refuse(self, refusal: Refused, *command: object) -> None:
        outcome = self.books(*command, "--format", "json")
        assert outcome.code in refusal.codes, (command, outcome)
        self.unchanged()

    def agree(self, expected: dict[str, Any], outcome: Outcome) -> None:
        assert outcome.code == 0, outcome
        found = {key: outcome.json[key] for key in expected}
        if outcome.json.get("dry_run") and "batch" in found:
            found["batch"] = expected["batch"]
        assert found == expected

    def unchanged(self) -> None:
        assert self.now_kept() == self.content

    def now_kept(self) -> bytes | str:
        return self.books.dump() if self.books.on_server else self.books.file.read_bytes()

    def compare(self, day: datetime.date) -> None:
        scheme, at = self.scheme, ("--as-of", day)
        balance = {row["unit"]: row for row in self.books.json("balance", *at)["units"]}
        for unit in UNITS:
            expected = scheme.balance(unit, day)
            # One that has ended is listed while it has a figure.
            shown = balance.get(unit, dict.fromkeys(expected, 0) if day > scheme.ended.get(unit, END) else {})
            assert {key: shown[key] for key in expected} == expected, unit
            assert self.own_funds(unit, day) == scheme.own_funds(unit, day), unit
        fund = self.books.json("fund", *at)
        assert {key: value for key, value in fund.items() if key.endswith("_ore")} == scheme.fund(day)
        grants = {key: grant for key, grant in scheme.grants.items() if grant.on(day) is not None}
        listed = {row["id"]: row for row in self.books.json("grant", "list", *at)["grants"]}
        assert set(listed) == set(grants)
        for key, grant in grants.items():
            then, row = grant.on(day), listed[key]
            assert then is not None
            unit = scheme.holder(grant, day)
            assert (row["unit"], row["requested_ore"], row["state"]) == (unit, grant.requested, then.pop("state"))
            assert {name: row[f"{name}_ore"] for name in then} == then

    def own_funds(self, unit: str, day: datetime.date) -> dict[str | None, int]:
        rows = self.books.sql(
            "SELECT l.code, -sum(p.amount_ore) FROM posting p JOIN unit u ON u.id = p.unit_id JOIN voucher v"
            " ON v.id = p.voucher_id LEFT JOIN voucher l ON l.id = p.lot_id WHERE p.account = 'own_funds'"
            " AND u.code = ? AND v.booked_on <= ? GROUP BY l.code",
            unit,
            day.isoformat(),
        )
        return {code: ore for code, ore in rows if ore}

    # What was published comes out again.

    def remember(self) -> None:
        """A few reports as they are now, to be asked for again when all is over."""
        day = self.when().isoformat()
        wanted = [("balance", "--as-of", day), ("fund", "--as-of", day), ("grant", "list", "--as-of", day),
                  ("statement", "--unit", self.draw.choice(UNITS), "--as-of", day), ("unit", "list", "--as-of", day),
                  ("journal", "--as-of", day), ("expiring", "--as-of", day), ("period", "list")]  # fmt: skip
        moment = self.clock().isoformat() + "Z"
        asked = self.draw.sample(wanted, 3)
        now = {report: self.books(*report).out for report in asked}
        assert self.reports(moment, asked) == now
        self.remembered.append((moment, now))
        self.clock.tick(1)

    def reports(self, moment: str, asked: list[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
        return {report: self.books(*report, "--known-at", moment).out for report in asked}

    # Periods and reorganisations.

    def close_months(self) -> None:
        """A month or more, mostly in turn."""
        for _ in range(self.draw.randint(1, 4)):
            days = [voucher.day for voucher in self.scheme.vouchers.values()]
            turn = self.scheme.first_open if self.scheme.closed else min(days, default=self.now)
            turn = turn if self.draw.random() < 0.85 else self.when()
            self.perform(
                lambda scheme, turn=turn: scheme.close((turn.year, turn.month)),
                *("period", "close", f"{turn:%Y-%m}", "--accept-missing", "kommer"),
            )

    def reopen_month(self) -> None:
        day = self.when()
        month = self.scheme.closed[-1] if self.scheme.closed and self.draw.random() < 0.7 else (day.year, day.month)
        name = f"{month[0]}-{month[1]:02d}"
        self.perform(lambda scheme: scheme.reopen(month), "period", "reopen", name, "--reason", "revision")

    def transfer(self) -> None:
        unit, to, day = self.draw.choice(UNITS), self.draw.choice(UNITS), self.perhaps()
        ore = self.amount(sum(left for _, left in self.scheme.usable(unit, day or TODAY)))
        command = ("unit", "transfer", unit, "--to", to, f"--amount={kronor(ore)}", "--decision", "KS", *booked(day))
        self.perform(lambda scheme: scheme.transfer(unit, to, ore, day), *command)

    def merge(self) -> None:
        unit = self.draw.choice(["KUL", "FRI"])
        into, day = self.draw.choice(["SBF", "BUF", "FRI", "KUL", "ELN"]), self.near(-100, 30)
        command = ("unit", "merge", unit, "--into", into, "--booked-on", day, "--decision", "KF")
        self.perform(lambda scheme: scheme.merge(unit, into, day), *command)

    def end_unit(self) -> None:
        """A company that is wound up: late, so that it takes part most of the time."""
        if self.draw.random() < 0.5 and COMPANY not in self.scheme.ended:
            day = self.now + datetime.timedelta(days=self.draw.randint(200, 600))
            self.clock.tick(1)
            outcome = self.books("unit", "end", COMPANY, "--on", day)
            assert outcome.code == 0, outcome.err
            self.clock.tick(1)
            self.scheme.end(COMPANY, day)
            self.posted()

    # Travel.

    def import_travel(self) -> None:
        day = self.near(0, 45) if self.draw.random() < 0.6 else self.when()
        journeys = []
        for _ in range(self.draw.randint(1, 6)):
            self.journeys += 1
            on = min(day - datetime.timedelta(days=self.draw.randint(0, 70)), TODAY)
            category = self.draw.choice(["own_car", "taxi"])
            journeys.append(Journey(self.journeys, self.draw.choice(UNITS), category, on, self.grams()))
        self.history += journeys
        self.hand_in(journeys, self.draw.choice([day, None]), amend=False)

    def import_again(self) -> None:
        """Trips that came before, some of them with other content, perhaps with new ones."""
        rows: dict[int, Journey] = {}
        for _ in range(min(len(self.history), self.draw.randint(1, 4))):
            old = self.history[-self.draw.randint(1, min(len(self.history), 25))]
            on = min(
                max(old.day + datetime.timedelta(days=self.draw.randint(-40, 40)), datetime.date(2023, 1, 1)), TODAY
            )
            rows[old.id] = Journey(
                old.id,
                self.draw.choice([old.unit, old.unit, *UNITS]),
                self.draw.choice([old.category, old.category, "own_car", "taxi", "flight"]),
                self.draw.choice([old.day, old.day, old.day, on]),
                self.draw.choice([old.grams, old.grams // 2, self.grams()]),
            )
        if not rows or self.draw.random() < 0.3:
            self.journeys += 1
            rows[self.journeys] = Journey(self.journeys, "BUF", "taxi", min(self.now, TODAY), 4321)
        self.history += rows.values()
        self.hand_in(list(rows.values()), self.perhaps(), amend=self.draw.random() < 0.85)

    def hand_in(self, rows: list[Journey], day: datetime.date | None, *, amend: bool) -> None:
        self.files += 1
        cells = [
            {"trip_id": row.id, "date": row.day, "unit": row.unit, "category": row.category,
             "co2_fossil_kg": f"{'-' if row.grams < 0 else ''}{abs(row.grams) // 1000},{abs(row.grams) % 1000:03d}"}
            for row in rows
        ]  # fmt: skip
        file = self.books.csv(f"{self.files}.csv", cells)
        options = ("--source", "standard", *booked(day), *(["--amend"] if amend else []))
        self.perform(lambda scheme: scheme.receive(rows, day, amend=amend), "import", file, *options)

    def undo_batch(self) -> None:
        key, day = self.one_of(len(self.scheme.batches) + 1, 9), self.perhaps()
        self.perform(lambda scheme: scheme.undo(key, day), "batch", "undo", key, *booked(day))

    # Own funds.

    def use_own_funds(self) -> None:
        unit, day = self.draw.choice(UNITS), self.perhaps()
        ore = self.amount(sum(left for _, left in self.scheme.usable(unit, day or TODAY)))
        command = ("measure", "add", "--unit", unit, "--title", "Cyklar", f"--amount={kronor(ore)}", *booked(day))
        self.perform(lambda scheme: scheme.measure(unit, ore, day), *command)

    def sweep(self) -> None:
        day = self.near(200, 460) if self.draw.random() < 0.5 else self.perhaps()
        self.perform(lambda scheme: scheme.sweep(day), "sweep", *(() if day is None else ("--as-of", day)))

    def reverse(self) -> None:
        kinds = ("measure", "sweep", "appropriation", "appropriation_returned")
        any_kind = self.draw.random() < 0.15
        codes = [code for code, voucher in self.scheme.vouchers.items() if any_kind or voucher.event in kinds]
        code, day = codes[self.one_of(len(codes), 8) - 1] if codes else "A2025-9999", self.perhaps()
        command = ("voucher", "reverse", code, "--reason", "fel", *booked(day))
        self.perform(lambda scheme: scheme.reverse(code, day), *command)

    def load_opening(self) -> None:
        day = self.when()
        names = self.draw.sample(["BUF", "ELN", "SBF", "FUND"], self.draw.randint(1, 2))
        ages = {name: 0 if name == "FUND" else self.draw.randint(-3, 800) for name in names}
        amounts = {
            name: (day - datetime.timedelta(days=age), self.draw.randint(1, 20_000)) for name, age in ages.items()
        }
        rows = [{"unit": name, "lot_on": lot_on, "amount": kronor(ore)} for name, (lot_on, ore) in amounts.items()]
        command = ("opening", "load", self.books.csv("opening.csv", rows), "--booked-on", day, "--decision", "KF")
        self.perform(lambda scheme: scheme.load_opening(amounts, day), *command)

    # The fund and its grants.

    def appropriate(self) -> None:
        ore, day = self.draw.randint(-1, 30_000), self.perhaps()
        command = ("fund", "appropriate", f"--amount={kronor(ore)}", "--decision", "KF", *booked(day))
        self.perform(lambda scheme: scheme.appropriate(ore, day), *command)

    def return_to_budget(self) -> None:
        day = self.perhaps()
        ore = self.amount(self.scheme.least(AVAILABLE, day or TODAY))
        command = ("fund", "return", f"--amount={kronor(ore)}", "--decision", "KF", *booked(day))
        self.perform(lambda scheme: scheme.appropriate(ore, day, give_back=True), *command)

    def apply(self) -> None:
        unit, day = self.draw.choice(["BUF", "SBF", "SBF", "BUF", "ELN"]), self.perhaps()
        ore = self.draw.randint(0, 20_000)
        cost = ore + self.draw.randint(-1000, 20_000)
        command = ("grant", "apply", "--unit", unit, "--title", "Laddstolpar", f"--amount={kronor(ore)}",
                   f"--total-cost={kronor(cost)}", "--co2-reduction-kg", "100", "--lifetime-years", "10")  # fmt: skip
        self.perform(lambda scheme: scheme.apply(unit, ore, cost, day), *command, *booked(day))

    def take_step(self) -> None:
        """A grant's next step, often one that its state allows."""
        key, day = self.one_of(len(self.scheme.grants), 5) if self.scheme.grants else 99, self.perhaps()
        grant = self.scheme.grants.get(key, Grant("SBF", 1000, [(TODAY, "submitted", 0)]))
        now = grant.on()
        assert now is not None
        if self.draw.random() < 0.6:
            day = grant.steps[-1][0] + datetime.timedelta(days=self.draw.randint(-3, 60))
        allowed = (
            ("approved", "approved", *self.scheme.MOVES.get(now["state"], ()))
            if now["state"] == "submitted"
            else self.scheme.MOVES.get(now["state"], ())
        )
        every = ("approved", "paying", "reported", "withdrawn", "rejected")
        state = self.draw.choice(allowed if allowed and self.draw.random() < 0.8 else every)
        available = min(grant.requested, self.scheme.least(AVAILABLE, day or TODAY))
        ore = self.amount({"approved": available, "paying": now["reserved"], "reported": now["paid"]}.get(state, 0))
        amount = f"={kronor(ore)}"
        command = {
            "approved": ("approve", key, f"--amount{amount}", "--decision", "KS"),
            "paying": ("pay", key, f"--amount{amount}"),
            "reported": ("report", key, f"--used{amount}", "--actual-cost", "100", "--co2-reduction-kg", "90"),
            "withdrawn": ("withdraw", key),
            "rejected": ("reject", key, "--reason", "nej", "--decision", "KS"),
        }[state]
        self.perform(lambda scheme: scheme.step(key, state, day, ore), "grant", *command, *booked(day))

    EVENTS: ClassVar[dict[Callable[["Years"], None], int]] = {
        import_travel: 10, import_again: 8, undo_batch: 5, use_own_funds: 6, sweep: 4, reverse: 5, load_opening: 1,
        appropriate: 4, return_to_budget: 2, apply: 3, take_step: 9, transfer: 4, merge: 1, end_unit: 1,
        close_months: 1, reopen_month: 1, remember: 2,
    }  # fmt: skip


def booked(day: datetime.date | None) -> tuple[object, ...]:
    return () if day is None else ("--booked-on", day)


def kronor(ore: int) -> str:
    return f"{'-' if ore < 0 else ''}{abs(ore) // 100},{abs(ore) % 100:02d}"


RARE = {"deadline": None, "phases": [Phase.explicit, Phase.generate], "suppress_health_check": list(HealthCheck)}


def live(shelf: Shelf, engine: str, seed: int, steps: int) -> None:
    with freeze_time("2027-01-15T08:00:00Z") as clock, tempfile.TemporaryDirectory() as folder:
        Years(shelf.copy(engine, "units", Path(folder)), seed, clock).live(steps)
    shelf.clear()
    gc.collect()


@pytest.mark.parametrize("part", range(PARTS))
@settings(max_examples=-(-HISTORIES // PARTS), **RARE)
@given(seed=st.integers(0, 2**48))
def test_years_of_the_scheme_agree_with_the_rulebook_to_the_ore(seed: int, shelf: Shelf, part: int) -> None:
    live(shelf, "sqlite", seed * PARTS + part, STEPS)


@settings(max_examples=-(-HISTORIES // 4), **RARE)
@given(seed=st.integers(0, 2**48))
def test_years_on_a_server_agree_with_it_too(seed: int, shelf: Shelf) -> None:
    live(shelf, "postgresql", seed, -(-STEPS // 2))
