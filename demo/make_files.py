"""Writes demo/resor: eighteen months of travel files of Exempelstad, a made-up (påhittad) municipality.

Three sources, each with the habits that real suppliers have. Run it again and the same rows come out:
python demo/make_files.py
"""

import datetime
import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import openpyxl

FOLDER = Path(__file__).parent / "resor"
MONTHS = [(2024 + number // 12, number % 12 + 1) for number in range(6, 24)]
NBSP, MINUS, TENTH = "\u00a0", "\u2212", Decimal("0.1")
# How each source sends a month: an encoding, or a workbook; by turns.
FORMS = {
    "standard": ("utf-8", "cp1252", "utf-8-sig", "xlsx", "utf-16", "utf-8"),
    "milersattning": ("cp1252", "cp1252", "utf-8-sig", "cp1252", "xlsx"),
    "resebyra": ("utf-8-sig", "cp1252", "utf-8-sig", "cp1252", "xlsx", "utf-8"),
}
COST_CENTRES = (
    *("1010", "1020", "1201", "1202", "1300", "1410", "1520", "1600", "2010", "2020", "2110", "2210", "2220"),
    *("3010", "3020", "3100", "3120", "3250", "4010", "4150", "8100", "8200", "8300", "8310"),
)
# Who drives most: home care, schools, inspectors.
DRIVERS = (*COST_CENTRES, "3100", "3120", "3250", "3100", "2010", "1600", "1600", "1201")
TRAVELLERS = ("Testsson, Testa", "Exempelsson, Exempel", "Påhittsson, Påhitt", "Provsson, Prova", "Demosson, Demo")
FLIGHTS = (
    *("GOT-ARN-GOT", "GOT-BMA", "BMA-GOT", "GOT-LLA", "GOT-UME-GOT", "MMX-ARN-MMX", "GOT-BRU-GOT", "got-cph-got"),
    *("GOT-FRA-VIE", "VIE-FRA-GOT", "GOT-STO-GOT", "Göteborg-Bryssel", "GOT-AMS-BCN-GOT", "GOT-HEL", "CPH-JFK-CPH"),
)


def number(value: Decimal | int | str, minus: str = "-") -> str:
    """As a Swedish system writes it: decimal comma, thousands parted by a no-break space."""
    return f"{Decimal(value):,}".replace(",", NBSP).replace(".", ",").replace("-", minus)


def tenths(chance: random.Random, least: int, most: int) -> Decimal:
    """A number with one decimal."""
    return Decimal(chance.randint(least * 10, most * 10)).scaleb(-1)


def day_in(chance: random.Random, year: int, month: int) -> datetime.date:
    """Some day of the month."""
    return datetime.date(year, month, chance.randint(1, 28))


def standard(chance: random.Random, year: int, month: int) -> list[list[object]]:
    """Pool cars month by month and vehicle, taxi by journey, in the standard columns."""
    header = ["Trip_ID", "date", "unit", "category", "fuel", "distance_km", "fuel_quantity", "co2_fossil_kg"]
    rows: list[list[object]] = [[*header, "project", " Note "]]
    stamp = f"{year % 100:02d}{month:02d}"
    last = datetime.date(year + month // 12, month % 12 + 1, 1) - datetime.timedelta(days=1)
    for car in range(1, chance.randint(16, 22)):
        fuel = chance.choice(["petrol", "diesel", "diesel", "e85", "hvo100", "vehicle_gas", "electric", "", "unknown"])
        km = tenths(chance, 180, 2400)
        filled = fuel in ("petrol", "diesel", "e85") and chance.random() < 0.6
        litres = number((km * chance.randint(45, 80) / 1000).quantize(TENTH)) if filled else ""
        row = [f"PB-{stamp}-{car:02d}", last, chance.choice([*DRIVERS, "SBF", "VOF", "een"]), "pool_car", fuel]
        rows.append([*row, number(km), litres, "", "", "påhittad poolbil"])
    for ride in range(1, chance.randint(8, 20)):
        stated = number(Decimal(chance.randint(200, 9000)).scaleb(-3)) if chance.random() < 0.4 else ""
        row = [f"TX-{stamp}-{ride:03d}", day_in(chance, year, month), chance.choice(COST_CENTRES), "taxi"]
        row += [chance.choice(["", "electric"]), number(tenths(chance, 3, 60)), "", stated]
        rows.append([*row, chance.choice(["", "", "", "7001", "7002"]), "påhittad taxi"])
    if month % 4 == 1:  # the taxi company takes a journey back
        rows.append([f"TX-{stamp}-K1", last, "3010", "taxi", "", number("-24.5", MINUS), "", "", "", "påhittad kredit"])
    rows.insert(chance.randint(5, 15), [])
    return rows


def milersattning(chance: random.Random, year: int, month: int) -> list[list[object]]:
    """Mileage claims: a printed list with a heading, page breaks and a total."""
    header = ["Anställningsnr", "Namn", "Kst", "Löneart", "Datum", "Antal", "Á-pris", "Belopp", "Projekt", "Period"]
    period = f"{year}-{month:02d}"
    rows: list[list[object]] = [["Exempelstad (påhittad kommun)"], [f"Reseräkningar, period {period}"], [], header]
    total = Decimal(0)
    form = ("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y")[month % 3]
    for claim in range(chance.randint(28, 48)):
        kind = chance.choice(["5120"] * 6 + ["5121", "5122", "5122", "5190", "5191"])
        mil = Decimal(chance.randint(1, 3)) if kind in ("5190", "5191") else tenths(chance, 1, 38)
        price = {"5120": "25.00", "5121": "12.00", "5122": "9.50", "5190": "290.00", "5191": "145.00"}[kind]
        if claim == 7 and month % 3 == 0:
            mil = -mil  # a claim taken back
        total += mil
        centre, project = chance.choice(DRIVERS), chance.choice(["", "", "", "", "7001"])
        paid = (mil * Decimal(price)).quantize(Decimal("0.01"))
        who = COST_CENTRES.index(centre)
        row = [str(90001 + who), TRAVELLERS[who % 5], centre, kind, day_in(chance, year, month).strftime(form)]
        rows.append([*row, number(mil, MINUS), number(price), number(paid, MINUS), project, period])
        if claim == 24:
            rows += [["", "", f"Utskrift {period}, sida 2"], [], header]
    return [*rows, [], ["", "", "Summa", "", "", number(total, MINUS)], ["", "", "Utskrift ur Påhittad Lön"]]


def resebyra(chance: random.Random, year: int, month: int) -> list[list[object]]:
    """Tickets: flights with one or many legs, taxi, rental cars, and much that lies outside the scheme."""
    header = ["Bokningsnr", "Rad", "Avresedatum", "Kostnadsställe", "Resenär", "Typ", "Resväg", "Klass", "Km"]
    header += ["CO2 (kg)", "Drivmedel", "Pris", "Projekt"]
    title = f"Statistik för Exempelstad (påhittad), {year}-{month:02d}"
    rows: list[list[object]] = [["Påhittade Resor AB"], [title], header]
    total = Decimal(0)
    for ticket in range(chance.randint(14, 26)):
        kind = chance.choice(["Flyg", "Flyg", "Flyg", "Tåg", "Tåg", "Hotell", "Taxi", "Hyrbil", "Avgift", "Buss"])
        via, km, fuel, own_kg = "", Decimal(0), "", ""
        if kind == "Flyg":
            via = chance.choice(FLIGHTS)
            # The agency's own figure includes radiative forcing: the profile does not use it.
            own_kg = number(tenths(chance, 60, 700))
            km = Decimal(chance.choice([0, 0, 0, 780 if via == "GOT-ARN-GOT" else 0]))
        elif kind in ("Taxi", "Hyrbil", "Tåg", "Buss"):
            via, km = "Exempelstad C – Provby C", tenths(chance, 5, 900 if kind == "Tåg" else 240)
            fuel = chance.choice(["Bensin", "Diesel", "El", "Okänt", ""]) if kind == "Hyrbil" else ""
        price = Decimal(chance.randint(20_000, 650_000)).scaleb(-2)
        day = day_in(chance, year, month)
        booking = f"4400{year % 100:02d}{month:02d}{ticket:02d}"
        tail = [chance.choice(COST_CENTRES), chance.choice(TRAVELLERS), kind, via, "Ekonomi" if kind == "Flyg" else ""]
        tail += [number(km) if km else "", own_kg, fuel]
        rows.append([booking, "1", day, *tail, number(price), chance.choice(["", "", "7002"])])
        total += km
        if kind == "Flyg" and chance.random() < 0.15:  # given back: the same journey, only the price is negative
            rows.append([booking, "2", day, *tail, number(-price, MINUS), ""])
            total += km
    return [*rows, ["Summa", *[""] * 7, number(total)], ["Sida 1 av 1"]]


def write(path: Path, rows: Sequence[Sequence[object]], form: str) -> None:
    """One file, as a workbook with real dates or as text in the encoding `form`."""
    if form == "xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append([int(cell) if str(cell).isdigit() else cell or None for cell in row])
        book.save(path.with_suffix(".xlsx"))
        return
    width = max(map(len, rows))
    lines = [";".join([*map(str, row), *[""] * (width - len(row))]) for row in rows]
    text = "\r\n".join(lines) + "\r\n"
    path.with_suffix(".csv").write_bytes(text.replace(MINUS, "-" if form == "cp1252" else MINUS).encode(form))


def main() -> None:
    """Write every month of every source."""
    FOLDER.mkdir(exist_ok=True)
    for index, (year, month) in enumerate(MONTHS):
        for make in (standard, milersattning, resebyra):
            forms = FORMS[make.__name__]
            rows = make(random.Random(f"{make.__name__} {year}-{month}"), year, month)  # noqa: S311 - no secret
            write(FOLDER / f"{year}-{month:02d}-{make.__name__}", rows, forms[index % len(forms)])


if __name__ == "__main__":
    main()
