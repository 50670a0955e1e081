"""Whole imports against a small model of the scheme, written from its rulebook alone.

The model knows nothing of the program: fees by fractions, lots and debts by counting. Whatever files arrive in whatever
order, both must agree to the öre.
"""

import datetime
import tempfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Books, Shelf

UNITS = ("SBF", "BUF", "ELN")
CATEGORIES = ("own_car", "taxi")
RATES = ((datetime.date(2013, 1, 1), 150), (datetime.date(2025, 2, 15), 175))  # öre per kg


@dataclass(frozen=True)
class Journey:
    unit: str
    category: str
    day: datetime.date
    grams: int


@dataclass
class Account:
    """One unit: lots as [booking date, order, öre left], and what it owes."""

    lots: list[list[Any]] = field(default_factory=list)
    debt: int = 0
    charged: int = 0
    grams: int = 0


def half_up(value: Fraction) -> int:
    """To the nearest whole; a half goes away from zero."""
    size = int(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


class Scheme:
    """The rulebook."""

    def __init__(self) -> None:
        self.units = {name: Account() for name in UNITS}
        self.vouchers: dict[tuple[str, int], int] = {}
        self.order = 0

    def receive(self, journeys: list[Journey]) -> list[str]:
        lines: dict[tuple[datetime.date, str, str, int], int] = {}
        for journey in journeys:
            rate = max((since, ore) for since, ore in RATES if since <= journey.day)[1]
            key = (last_day(journey.day), journey.unit, journey.category, rate)
            lines[key] = lines.get(key, 0) + journey.grams
        made = []
        for booked, unit in sorted({(booked, unit) for booked, unit, _, _ in lines}):
            fees = {
                key: half_up(Fraction(grams * key[3], 1000))
                for key, grams in lines.items()
                if key[:2] == (booked, unit)
            }
            self.units[unit].grams += sum(lines[key] for key in fees)
            self.post(self.units[unit], booked, sum(fees.values()))
            series = ("B" if unit == "ELN" else "A", booked.year)
            self.vouchers[series] = self.vouchers.get(series, 0) + 1
            made.append(f"{series[0]}{series[1]}-{self.vouchers[series]}")
        return made

    def post(self, account: Account, booked: datetime.date, fee: int) -> None:
        self.order += 1
        account.charged += fee
        if fee >= 0:
            filled = min(fee, account.debt)
            account.debt -= filled
            account.lots.append([booked, self.order, fee - filled])
            return
        missing = -fee
        for lot in sorted(account.lots):
            if lot[0] <= booked:
                taken = min(lot[2], missing)
                lot[2] -= taken
                missing -= taken
        account.debt += missing


def last_day(day: datetime.date) -> datetime.date:
    first = day.replace(day=1)
    return (first + datetime.timedelta(days=32)).replace(day=1) - datetime.timedelta(days=1)


def journeys(months: tuple[int, ...]) -> st.SearchStrategy[list[Journey]]:
    journey = st.builds(
        Journey,
        st.sampled_from(UNITS),
        st.sampled_from(CATEGORIES),
        st.builds(datetime.date, st.just(2025), st.sampled_from(months), st.integers(1, 28)),
        st.integers(-30_000, 50_000),
    )
    return st.lists(journey, min_size=1, max_size=12)


# Files arrive month by month, two months in each, so that what is booked later never lies earlier.
years = st.tuples(*(journeys((month, month + 1)) for month in (1, 3, 5)))


def agree(books: Books, files: tuple[list[Journey], ...]) -> None:
    assert books("policy", "set", "rate", "1,75", "--from", "2025-02-15", "--decision", "KS").code == 0
    scheme, number = Scheme(), 0
    for file, taken in enumerate(files):
        rows = []
        for journey in taken:
            number += 1
            kg = f"{'-' if journey.grams < 0 else ''}{abs(journey.grams) // 1000},{abs(journey.grams) % 1000:03d}"
            rows.append(
                {
                    "trip_id": number,
                    "date": journey.day,
                    "unit": journey.unit,
                    "category": journey.category,
                    "co2_fossil_kg": kg,
                }
            )
        expected = scheme.receive(taken)
        result = books.take(*rows, name=f"{file}.csv")
        assert result["vouchers"] == expected
        assert result["rows_posted"] == len(taken)
        assert result["co2_g"] == sum(journey.grams for journey in taken)
        assert books.take(*rows, name=f"{file}.csv")["rows_already_imported"] == len(taken)
    for unit, account in scheme.units.items():
        row = books.balance(unit)
        assert (row["co2_g"], row["charged_ore"]) == (account.grams, account.charged)
        left = books.own_funds(unit)
        assert -left.pop(None, 0) == account.debt
        assert sorted(left.values()) == sorted(ore for _, _, ore in account.lots if ore)
        opened = books.sql(
            "SELECT l.lot_on, -sum(p.amount_ore) FROM lot l JOIN unit u ON u.id = l.unit_id JOIN posting p"
            " ON p.lot_id = l.voucher_id WHERE u.code = ? GROUP BY l.voucher_id ORDER BY l.lot_on, l.voucher_id",
            unit,
        )
        assert opened == [(day.isoformat(), ore) for day, _, ore in sorted(account.lots)]
        assert row["own_funds_ore"] == sum(ore for _, _, ore in account.lots) - account.debt
    books.sound()


RARE = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=25, **RARE)
@given(files=years)
def test_the_books_agree_with_the_rulebook_to_the_ore(files: tuple[list[Journey], ...], shelf: Shelf) -> None:
    with tempfile.TemporaryDirectory() as folder:
        agree(shelf.copy("sqlite", "units", Path(folder)), files)


@settings(max_examples=3, **RARE)
@given(files=years)
def test_so_do_those_on_a_server(files: tuple[list[Journey], ...], shelf: Shelf) -> None:
    with tempfile.TemporaryDirectory() as folder:
        agree(shelf.copy("postgresql", "units", Path(folder)), files)
    shelf.clear()
