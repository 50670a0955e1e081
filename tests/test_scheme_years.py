"""Years of the scheme, in any order, against a model that knows nothing of the program (`scheme.py`).

Imports, amendments, undone batches, measures, reversals, sweeps, appropriations, opening amounts and grants, booked
forwards and backwards through the command line. After every step both say the same to the öre, refuse the same, and
what was refused left no trace. Longer runs: KLIMATVAXLING_HISTORIES=200 KLIMATVAXLING_STEPS=80.
"""

import copy
import datetime
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from conftest import Books, Outcome
from scheme import AVAILABLE, UNITS, Journey, Refused, Scheme

TODAY = datetime.date(2027, 1, 15)
HISTORIES, STEPS = int(os.environ.get("KLIMATVAXLING_HISTORIES", "5")), int(os.environ.get("KLIMATVAXLING_STEPS", "40"))
EDGES = [datetime.date.fromisoformat(day) for day in (
    "2024-02-28", "2024-02-29", "2024-03-01", "2024-12-31", "2025-01-01", "2025-02-14", "2025-02-15", "2025-02-28",
    "2025-03-01", "2025-12-31", "2026-01-01", "2026-02-28", "2026-12-31", "2027-12-31", "2028-02-29",
)]  # fmt: skip

units = st.sampled_from(UNITS)
# Near what happened last, at an edge of a year or month, or anywhere.
days = st.one_of(
    st.integers(-20, 90), st.integers(-20, 90), st.integers(-400, 400), st.sampled_from(EDGES),
    st.dates(datetime.date(2024, 1, 1), datetime.date(2028, 6, 30)),
)  # fmt: skip
perhaps_days = st.one_of(days, days, days, st.none())
# How much: a part of what there is, all of it, one öre too much, or any amount.
shares = st.one_of(
    st.integers(1, 100), st.sampled_from(["all", "all", "too much"]), st.integers(-1, 9000).map(lambda ore: (ore,))
)
grams = st.one_of(st.integers(1, 60_000), st.integers(1, 60_000), st.integers(-40_000, 0), st.integers(-3, 3))


class Years(RuleBasedStateMachine):
    source: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.books = Books(self.folder, Path(shutil.copy(self.source, self.folder / "books.db")))
        self.scheme = Scheme(TODAY)
        self.now = datetime.date(2024, 3, 1)
        self.journeys = self.files = 0
        self.history: list[Journey] = []
        self.posted()
        assert self.books("policy", "set", "rate", "1,75", "--from", "2025-02-15", "--decision", "KS").code == 0

    def teardown(self) -> None:
        for day in (*EDGES, self.now, datetime.date(2999, 1, 1)):
            self.compare(day)
        self.books.sound()
        shutil.rmtree(self.folder)

    @initialize(since=st.one_of(st.none(), st.sampled_from(EDGES)))
    def retention(self, since: datetime.date | None) -> None:
        if since is not None:
            change = ("policy", "set", "retention", "end_of_next_year", "--from", since, "--decision", "KS")
            assert self.books(*change).code == 0
            self.scheme.end_of_next_year_from = since
        self.posted()

    def posted(self) -> None:
        self.content = self.books.file.read_bytes()

    def day(self, when: Any) -> datetime.date | None:
        """The day that is meant; the history goes on from there."""
        if isinstance(when, int):
            when = self.now + datetime.timedelta(days=when)
            self.now = max(self.now, min(when, datetime.date(2026, 12, 1)))
        return when

    def amount(self, share: Any, there_is: int) -> int:
        if isinstance(share, tuple):
            return int(share[0])
        return {"all": there_is, "too much": there_is + 1}.get(share) or there_is * int(
            0 if share == "all" else share
        ) // 100

    def perform(self, what: Callable[[Scheme], dict[str, Any]], look: Any, *command: object, dry: bool = False) -> None:
        """Both do it, or both refuse; the program first as a dry run."""
        trial = copy.deepcopy(self.scheme)
        try:
            expected: dict[str, Any] = what(trial)
        except Refused as refusal:
            outcome = self.books(*command, "--format", "json")
            assert outcome.code in refusal.codes, (command, outcome)
            self.unchanged()
            return
        if dry:
            self.agree(expected, self.books(*command, "--format", "json", "--dry-run"))
            self.unchanged()
        self.agree(expected, self.books(*command, "--format", "json"))
        self.scheme = trial
        self.posted()
        self.compare(self.day(look) or TODAY)

    def agree(self, expected: dict[str, Any], outcome: Outcome) -> None:
        assert outcome.code == 0, outcome
        found = {key: outcome.json[key] for key in expected}
        if outcome.json.get("dry_run") and "batch" in found:
            found["batch"] = expected["batch"]
        assert found == expected

    def unchanged(self) -> None:
        assert self.books.file.read_bytes() == self.content

    def compare(self, day: datetime.date) -> None:
        scheme, at = self.scheme, ("--as-of", day)
        balance = {row["unit"]: row for row in self.books.json("balance", *at)["units"]}
        for unit in UNITS:
            expected = scheme.balance(unit, day)
            assert {key: balance[unit][key] for key in expected} == expected, unit
            assert self.own_funds(unit, day) == scheme.own_funds(unit, day), unit
        fund = self.books.json("fund", *at)
        assert {key: value for key, value in fund.items() if key.endswith("_ore")} == scheme.fund(day)
        grants = {key: grant for key, grant in scheme.grants.items() if grant.on(day) is not None}
        listed = {row["id"]: row for row in self.books.json("grant", "list", *at)["grants"]}
        assert set(listed) == set(grants)
        for key, grant in grants.items():
            then, row = grant.on(day), listed[key]
            assert then is not None
            assert (row["unit"], row["requested_ore"], row["state"]) == (grant.unit, grant.requested, then.pop("state"))
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

    @staticmethod
    def booked(day: datetime.date | None) -> tuple[object, ...]:
        return () if day is None else ("--booked-on", day)

    # Travel.

    @rule(
        rows=st.lists(st.tuples(units, st.sampled_from(["own_car", "taxi"]), st.integers(0, 70), grams), min_size=1, max_size=6),
        when=st.one_of(st.integers(0, 60), days), explicit=st.booleans(), dry=st.booleans(), look=days,
    )  # fmt: skip
    def import_travel(
        self, rows: list[tuple[str, str, int, int]], when: Any, explicit: bool, dry: bool, look: Any
    ) -> None:
        day = self.day(when)
        assert day is not None
        journeys = []
        for unit, category, before, weight in rows:
            self.journeys += 1
            on = min(day - datetime.timedelta(days=before), TODAY)
            journeys.append(Journey(self.journeys, unit, category, on, weight))
        self.history += journeys
        self.hand_in(journeys, day if explicit else None, look, amend=False, dry=dry)

    @precondition(lambda self: self.history)
    @rule(
        picked=st.lists(st.tuples(st.integers(0, 10**6), units, st.sampled_from(["own_car", "taxi", "flight"]), st.integers(-40, 40), grams,
            st.sets(st.sampled_from(["unit", "category", "day", "grams"]))), min_size=1, max_size=4, unique_by=lambda one: one[0] % 7),
        new=st.booleans(), when=perhaps_days, amend=st.sampled_from([True, True, True, False]), dry=st.booleans(), look=days,
    )  # fmt: skip
    def import_again(self, picked: list[Any], new: bool, when: Any, amend: bool, dry: bool, look: Any) -> None:
        """Trips that came before, some of them with other content."""
        rows: dict[int, Journey] = {}
        for number, unit, category, moved, weight, changes in picked:
            old = self.history[-1 - number % min(len(self.history), 25)]
            on = min(max(old.day + datetime.timedelta(days=moved), datetime.date(2023, 1, 1)), TODAY)
            rows[old.id] = Journey(
                old.id,
                unit if "unit" in changes else old.unit,
                category if "category" in changes else old.category,
                on if "day" in changes else old.day,
                weight if "grams" in changes else old.grams,
            )
        if new:
            self.journeys += 1
            rows[self.journeys] = Journey(self.journeys, "BUF", "taxi", min(self.now, TODAY), 4321)
        self.history += rows.values()
        self.hand_in(list(rows.values()), self.day(when), look, amend=amend, dry=dry)

    def hand_in(self, rows: list[Journey], day: datetime.date | None, look: Any, *, amend: bool, dry: bool) -> None:
        self.files += 1
        cells = [
            {"trip_id": row.id, "date": row.day, "unit": row.unit, "category": row.category,
             "co2_fossil_kg": f"{'-' if row.grams < 0 else ''}{abs(row.grams) // 1000},{abs(row.grams) % 1000:03d}"}
            for row in rows
        ]  # fmt: skip
        file = self.books.csv(f"{self.files}.csv", cells)
        options = (*self.booked(day), *(["--amend"] if amend else []))
        self.perform(
            lambda scheme: scheme.receive(rows, day, amend=amend),
            look,
            "import",
            file,
            "--source",
            "standard",
            *options,
            dry=dry,
        )

    @precondition(lambda self: self.scheme.batches)
    @rule(number=st.integers(0, 10**6), when=perhaps_days, dry=st.booleans(), look=days)
    def undo_batch(self, number: int, when: Any, dry: bool, look: Any) -> None:
        key, day = len(self.scheme.batches) - number % min(len(self.scheme.batches), 8), self.day(when)
        self.perform(lambda scheme: scheme.undo(key, day), look, "batch", "undo", key, *self.booked(day), dry=dry)

    # Own funds.

    @rule(unit=units, share=shares, when=perhaps_days, dry=st.booleans(), look=days)
    def use_own_funds(self, unit: str, share: Any, when: Any, dry: bool, look: Any) -> None:
        day = self.day(when)
        ore = self.amount(share, sum(left for _, left in self.scheme.usable(unit, day or TODAY)))
        command = ("measure", "add", "--unit", unit, "--title", "Cyklar", f"--amount={kronor(ore)}", *self.booked(day))
        self.perform(lambda scheme: scheme.measure(unit, ore, day), look, *command, dry=dry)

    @rule(when=st.one_of(st.integers(300, 460), perhaps_days), dry=st.booleans(), look=days)
    def sweep(self, when: Any, dry: bool, look: Any) -> None:
        day = self.now + datetime.timedelta(days=when) if isinstance(when, int) else when
        options = () if day is None else ("--as-of", day)
        self.perform(lambda scheme: scheme.sweep(day), look, "sweep", *options, dry=dry)

    @precondition(lambda self: self.scheme.vouchers)
    @rule(
        number=st.integers(0, 10**6),
        any_kind=st.sampled_from([False, False, False, True]),
        when=perhaps_days,
        dry=st.booleans(),
        look=days,
    )
    def reverse(self, number: int, any_kind: bool, when: Any, dry: bool, look: Any) -> None:
        kinds = ("measure", "sweep", "appropriation", "appropriation_returned")
        codes = [code for code, voucher in self.scheme.vouchers.items() if any_kind or voucher.event in kinds]
        if codes:
            code, day = codes[-1 - number % min(len(codes), 8)], self.day(when)
            command = ("voucher", "reverse", code, "--reason", "fel", *self.booked(day))
            self.perform(lambda scheme: scheme.reverse(code, day), look, *command, dry=dry)

    @rule(
        amounts=st.dictionaries(st.sampled_from(["BUF", "ELN", "SBF", "FUND"]), st.tuples(st.integers(-3, 800), st.integers(1, 20_000)), min_size=1),
        when=days, dry=st.booleans(), look=days,
    )  # fmt: skip
    def load_opening(self, amounts: dict[str, tuple[int, int]], when: Any, dry: bool, look: Any) -> None:
        day = self.day(when)
        assert day is not None
        dated = {
            name: (day if name == "FUND" else day - datetime.timedelta(days=age), ore)
            for name, (age, ore) in amounts.items()
        }
        rows = [{"unit": name, "lot_on": lot_on, "amount": kronor(ore)} for name, (lot_on, ore) in dated.items()]
        command = ("opening", "load", self.books.csv("opening.csv", rows), "--booked-on", day, "--decision", "KF")
        self.perform(lambda scheme: scheme.load_opening(dated, day), look, *command, dry=dry)

    # The fund and its grants.

    @rule(ore=st.integers(-1, 30_000), when=perhaps_days, dry=st.booleans(), look=days)
    def appropriate(self, ore: int, when: Any, dry: bool, look: Any) -> None:
        day = self.day(when)
        command = ("fund", "appropriate", f"--amount={kronor(ore)}", "--decision", "KF", *self.booked(day))
        self.perform(lambda scheme: scheme.appropriate(ore, day), look, *command, dry=dry)

    @rule(share=shares, when=perhaps_days, dry=st.booleans(), look=days)
    def return_to_budget(self, share: Any, when: Any, dry: bool, look: Any) -> None:
        day = self.day(when)
        ore = self.amount(share, self.scheme.least(AVAILABLE, day or TODAY))
        command = ("fund", "return", f"--amount={kronor(ore)}", "--decision", "KF", *self.booked(day))
        self.perform(lambda scheme: scheme.appropriate(ore, day, give_back=True), look, *command, dry=dry)

    @rule(
        unit=units,
        ore=st.integers(0, 20_000),
        cost=st.integers(1, 40_000),
        when=perhaps_days,
        dry=st.booleans(),
        look=days,
    )
    def apply(self, unit: str, ore: int, cost: int, when: Any, dry: bool, look: Any) -> None:
        day = self.day(when)
        command = ("grant", "apply", "--unit", unit, "--title", "Laddstolpar", f"--amount={kronor(ore)}", f"--total-cost={kronor(cost)}",
                   "--co2-reduction-kg", "100", "--lifetime-years", "10", *self.booked(day))  # fmt: skip
        self.perform(lambda scheme: scheme.apply(unit, ore, cost, day), look, *command, dry=dry)

    @precondition(lambda self: self.scheme.grants)
    @rule(
        number=st.integers(0, 10**6), share=shares, when=perhaps_days, dry=st.booleans(), look=days,
        state=st.sampled_from(["approved", "approved", "approved", "paying", "paying", "paying", "reported", "reported", "withdrawn", "rejected"]),
    )  # fmt: skip
    def take_step(self, number: int, state: str, share: Any, when: Any, dry: bool, look: Any) -> None:
        key, day = len(self.scheme.grants) - number % min(len(self.scheme.grants), 4), self.day(when)
        grant = self.scheme.grants[key]
        now = grant.on()
        assert now is not None
        available = min(grant.requested, self.scheme.least(AVAILABLE, day or TODAY))
        ore = self.amount(
            share, {"approved": available, "paying": now["reserved"], "reported": now["paid"]}.get(state, 0)
        )
        amount = f"={kronor(ore)}"
        command = {
            "approved": ("approve", key, f"--amount{amount}", "--decision", "KS"),
            "paying": ("pay", key, f"--amount{amount}"),
            "reported": ("report", key, f"--used{amount}", "--actual-cost", "100", "--co2-reduction-kg", "90"),
            "withdrawn": ("withdraw", key),
            "rejected": ("reject", key, "--reason", "nej", "--decision", "KS"),
        }[state]
        self.perform(
            lambda scheme: scheme.step(key, state, day, ore), look, "grant", *command, *self.booked(day), dry=dry
        )


def kronor(ore: int) -> str:
    return f"{'-' if ore < 0 else ''}{abs(ore) // 100},{abs(ore) % 100:02d}"


def test_years_of_the_scheme_agree_with_the_rulebook_to_the_ore(
    opened_books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Years, "source", opened_books / "units.db", raising=False)
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    if "KLIMATVAXLING_SHRINK" in os.environ:
        phases.append(Phase.shrink)
    with freeze_time("2027-01-15T12:00:00Z"):
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            Years,
            settings=settings(
                max_examples=HISTORIES,
                stateful_step_count=STEPS,
                deadline=None,
                phases=phases,
                suppress_health_check=list(HealthCheck),
            ),
        )
