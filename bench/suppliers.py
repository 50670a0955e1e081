"""Speed of the suppliers' files, row for row against the standard source in the same run.

Each source's file has the habits its profile is written for: totals, units in cells, vehicles, credits. One more source,
`without_ids`, is the standard columns without `trip_id`: content and occurrence identify its trips.
"""

import datetime
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from figure import PROGRAM, UNITS, Figure, figure_of, run, write_trips

VEHICLES = 400
_WITHOUT_IDS = Path(__file__).parent.parent / "imports" / "standard" / "profile.toml"


def _decimal(tenths: int) -> str:
    return f"{tenths // 10},{tenths % 10}"


def _day(draw: random.Random) -> datetime.date:
    return datetime.date(2025, 1, 1) + datetime.timedelta(days=draw.randrange(365))


def mileage(draw: random.Random, rows: int) -> Iterator[str]:
    """Mileage claims with amounts and a total, without ids."""
    yield "Anställningsnr;Namn;Kst;Löneart;Datum;Antal;Á-pris;Belopp;Projekt;Period"
    total = 0
    for _ in range(rows):
        tenths, day = draw.randrange(1, 380), _day(draw)
        total += tenths
        paid = tenths * 250
        yield (
            f"{draw.randrange(10**5)};Testsson, Testa;{draw.randrange(UNITS):03d}{draw.randrange(7)};"
            f"{draw.choice(('5120', '5120', '5122'))};{day};{_decimal(tenths)};25,00;{paid // 100},{paid % 100:02d};;"
            f"{day:%Y-%m}"
        )
    yield f";;Summa;;;{_decimal(total)};;;;"


def fuel_cards(draw: random.Random, rows: int) -> Iterator[str]:
    """Purchases by card or registration number, with units beside the amounts."""
    yield "Transaktionsnr;Kortnr;Regnr;Förarkod;Datum;Station;Produkt;Volym (l);Belopp exkl moms;Mätarställning"
    total = 0
    for number in range(rows):
        car, litres = draw.randrange(VEHICLES), draw.randrange(500, 5500)
        ore = litres * 15
        total += ore
        yield (
            f"25{number:08d};7015{car:012d};{f'QVI{car:03d}' if number % 3 else ''};{draw.randrange(10**5)};{_day(draw)};"
            f"Exempelstad;{draw.choice(('Diesel Mk1', 'Bensin 95 E10', 'HVO100'))};{litres // 100},{litres % 100:02d};"
            f"{ore // 100},{ore % 100:02d} kr;{draw.randrange(10**5)}"
        )
    yield f";Summa;;;;;;;{total // 100},{total % 100:02d};"


def pool_cars(draw: random.Random, rows: int) -> Iterator[str]:
    """A month's list, without ids and dates."""
    yield "Period:;mars 2025;;;"
    yield "Regnr;Bilmodell;Kostnadsställe;Antal bokningar;Antal mil"
    total = 0
    for _ in range(rows):
        tenths = draw.randrange(1, 2000)
        total += tenths
        centre = f"{draw.randrange(UNITS):03d}{draw.randrange(7)}"
        yield f"QVI{draw.randrange(VEHICLES):03d};Påhitt;{centre};{draw.randrange(30)};{_decimal(tenths)}"
    yield f"Summa;;;;{_decimal(total)}"


def journal(draw: random.Random, rows: int) -> Iterator[str]:
    """Odometer readings before and after, business and private trips."""
    yield "Registreringsnr;Datum;Typ av resa;Från;Till;Start [km];Ankomst [km];Ändamål;Förare"
    meters = [draw.randrange(100_000) for _ in range(VEHICLES)]
    for _ in range(rows):
        car, kind = draw.randrange(VEHICLES), draw.choice(("Tjänst", "Tjänst", "Tjänst", "Privat"))
        start, end = meters[car], meters[car] + draw.randrange(1, 90)
        meters[car] = end
        yield f"QVI{car:03d};{_day(draw)};{kind};Provby;Exempelstad;{start};{end};möte;Testsson, Testa"


def tickets(draw: random.Random, rows: int) -> Iterator[str]:
    """Tickets by route, some given back, some outside the scheme."""
    yield "Bokningsnr;Rad;Avresedatum;Kostnadsställe;Resenär;Typ;Resväg;Klass;Km;CO2 (kg);Drivmedel;Pris;Projekt"
    routes = ("GOT-ARN-GOT", "ARN-LLA", "GOT-CPH-JFK", "BMA-MMX-BMA", "Göteborg-Bryssel")
    for number in range(rows):
        price = draw.randrange(20_000, 650_000)
        sign = "-" if number % 17 == 0 else ""
        yield (
            f"44{number:08d};1;{_day(draw)};{draw.randrange(UNITS):03d}{draw.randrange(7)};Testsson;"
            f"{draw.choice(('Flyg', 'Flyg', 'Flyg', 'Tåg'))};{draw.choice(routes)};Ekonomi;;"
            f"{_decimal(draw.randrange(9000))};;{sign}{price // 100},{price % 100:02d};"
        )
    yield "Summa;;;;;;;;0;;;;"


def legs(draw: random.Random, rows: int) -> Iterator[str]:
    """Legs, several travellers on a row, stated CO2 on some, prices with a currency."""
    yield (
        "Bokningsnr;Segment;Avresedatum;Kostnadsställe;Resenär;Från;Till;Resväg;Biljettyp;Klass;Antal resenärer;Sträcka;"
        "CO2 (kg);Pris;Projekt"
    )
    total = 0
    for number in range(rows):
        price = draw.randrange(20_000, 650_000)
        total += price
        # Per traveller, by the route and the kind of aircraft.
        stated = _decimal(500 + 13 * draw.randrange(60)) if number % 4 == 0 else ""
        yield (
            f"55{number // 2:08d};{number % 2 + 1};{_day(draw)};{draw.randrange(UNITS):03d}{draw.randrange(7)};Testsson;"
            f"{draw.choice(('GOT', 'ARN', 'BMA'))};{draw.choice(('LLA', 'CPH', 'BRU'))};;Enkel;Ekonomi;"
            f"{draw.choice((1, 1, 1, 3))};;{stated};SEK {price // 100},{price % 100:02d};"
        )
    yield f"Summa;;;;;;;;;;;;;{total // 100},{total % 100:02d};"


def rentals(draw: random.Random, rows: int) -> Iterator[str]:
    """Agreements with times, fuel or class, kilometres with or without their unit."""
    yield "Hyresavtal;Förare;Kostnadsställe;Bilklass;Uthyrd;Återlämnad;Körda km;Drivmedel;Belopp;Projekt"
    total = 0
    for number in range(rows):
        day, price, hour = _day(draw), draw.randrange(50_000, 300_000), draw.randrange(7, 12)
        total += price
        yield (
            f"77{number:08d};Testsson, Testa;{draw.randrange(UNITS):03d}{draw.randrange(7)};Mellan;{day} {hour:02d}:00;"
            f"{day} {hour + 8}:{draw.randrange(60):02d};{draw.randrange(5, 900)}{draw.choice((' km', ''))};"
            f"{draw.choice(('Bensin', 'Diesel', ''))};{price // 100},{price % 100:02d};"
        )
    yield f"Totalt;;;;;;;;{total // 100},{total % 100:02d};"


def taxi(draw: random.Random, rows: int) -> Iterator[str]:
    """Receipts, kilometres and amounts with their units."""
    yield (
        "Kvittonr;Datum;Tid;Kostnadsställe;Resenär;Tjänst;Antal resor;Antal km;Drivmedel;CO2e (kg);Belopp inkl moms;"
        "Projekt"
    )
    total = 0
    for number in range(rows):
        price = draw.randrange(9_000, 90_000)
        total += price
        yield (
            f"66{number:08d};{_day(draw)};07:42;{draw.randrange(UNITS):03d}{draw.randrange(7)};Testsson, Testa;Taxiresa;1;"
            f"{_decimal(draw.randrange(10, 600))} km;{draw.choice(('El', 'Diesel', ''))};0,21;"
            f"{price // 100},{price % 100:02d} kr;"
        )
    yield f"Summa;;;;;;;;;;{total // 100},{total % 100:02d} kr;"


SOURCES: dict[str, Callable[[random.Random, int], Iterator[str]]] = {
    "milersattning": mileage,
    "tankkort": fuel_cards,
    "korjournal": journal,
    "poolbil": pool_cars,
    "resebyra": tickets,
    "resebyra_delresor": legs,
    "hyrbil": rentals,
    "taxi": taxi,
}


def empty_books(folder: Path) -> Path:
    """Books with the units and vehicles that the files name."""
    units, cars, books = folder / "units.csv", folder / "cars.csv", folder / "empty.db"
    units.write_text(
        "code;name;kind;cost_centres\n"
        + "".join(f"E{unit:03d};Enhet {unit};administration;{unit:03d}*\n" for unit in range(UNITS))
    )
    cars.write_text(
        "vehicle;cards;unit;category;fuel;tank_litres\n"
        + "".join(f"QVI{car:03d};7015{car:012d};E{car % UNITS:03d};pool_car;diesel;60\n" for car in range(VEHICLES))
    )
    run(*PROGRAM, "init", database=books)
    run(*PROGRAM, "unit", "load", str(units), database=books)
    run(*PROGRAM, "vehicle", "load", str(cars), database=books)
    return books


def without_ids(folder: Path, trips: Path) -> Path:
    """The standard columns without `trip_id`: the profile in the folder of own sources, and the file."""
    profile = folder / "own" / "without_ids" / "profile.toml"
    profile.parent.mkdir(parents=True)
    lines = _WITHOUT_IDS.read_text(encoding="utf-8").splitlines(keepends=True)
    profile.write_text("".join(line for line in lines if not line.startswith("trip_id")), encoding="utf-8")
    file = folder / "without_ids.csv"
    with trips.open(encoding="utf-8") as given, file.open("w", encoding="utf-8") as made:
        made.writelines(line.partition(";")[2] for line in given)
    return file


def figures(rounds: int, rows: int = 200_000) -> list[Figure]:
    """Each source's import against that of as many standard rows; of several rounds, in turn, the median ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty, trips, books = empty_books(folder), folder / "standard.csv", folder / "books.db"
        write_trips(trips, rows)
        files = {"without_ids": without_ids(folder, trips)}
        for source, make in SOURCES.items():
            files[source] = folder / f"{source}.csv"
            with files[source].open("w", encoding="utf-8", newline="") as file:
                file.writelines(f"{line}\r\n" for line in make(random.Random(source), rows))  # noqa: S311 - made up

        def seconds(source: str, file: Path) -> float:
            books.write_bytes(empty.read_bytes())
            own = {"KLIMATVAXLING_IMPORTS": str(folder / "own")}
            return run(*PROGRAM, "import", str(file), "--source", source, database=books, environment=own)[0]

        taken: dict[str, list[tuple[float, float, float]]] = {source: [] for source in files}
        for _ in range(rounds):
            for source, file in files.items():
                floor = seconds("standard", trips)
                found = seconds(source, file)
                taken[source].append((found / floor, found, floor))
        return [figure_of(f"import of {rows:,} rows, {source}", "s", taken[source], 1.5) for source in files]


if __name__ == "__main__":
    for each in figures(1, int(sys.argv[1]) if len(sys.argv) > 1 else 200_000):
        print(f"{each.name:50}{each.value:8.2f}{each.floor:8.2f}{each.ratio:8.2f}")
