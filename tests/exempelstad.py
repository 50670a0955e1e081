"""What the made-up city should be charged, computed a second time: nothing of the program's own code is used here.

Fractions instead of decimals, split instead of a CSV reader, vectors instead of haversines, and the figures written
down once more by hand from docs/factors.md.
"""

import datetime
import math
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import airportsdata
import openpyxl

CITY = Path(__file__).parent.parent / "demo"
FILES = sorted(path for path in (CITY / "resor").iterdir() if ".rejected" not in path.name)
ORE_PER_KG, EARTH_RADIUS_KM, SHORT_HAUL_KM = 150, 6371.0088, 3700
G_PER_LITRE = {"petrol": 2120, "diesel": 2400}
E85_G_PER_LITRE = {month: 590 if month in (11, 12, 1, 2, 3) else 350 for month in range(1, 13)}
G_PER_CAR_KM = defaultdict(lambda: Fraction("132.6"), electric=Fraction(0), hvo100=Fraction(0))
G_PER_FLIGHT_KM = {"domestic": Fraction("133.95"), "short": Fraction("74.66"), "long": Fraction("89.13")}
PLACES = {"STO": "ARN", "GÖTEBORG": "GOT", "BRYSSEL": "BRU"}
AIRPORTS = airportsdata.load("IATA")
# airportsdata has Brussels 40 km off.
AIRPORTS["BRU"] = AIRPORTS["BRU"] | {"lat": 50.901402, "lon": 4.48444}

# Unit, category, day of the trip, grams.
Charged = tuple[str, str, datetime.date, int]


def number(text: str) -> Fraction:
    """A Swedish number."""
    for written, meant in (("\u00a0", ""), ("\u2212", "-"), (",", ".")):
        text = text.replace(written, meant)
    return Fraction(text)


def half_up(value: Fraction) -> int:
    """Rounded half up on the magnitude."""
    return (1 if value >= 0 else -1) * math.floor(abs(value) + Fraction(1, 2))


def table(path: Path, key: str) -> Iterator[dict[str, str]]:
    """The rows below the header, which is the row with a cell `key`."""
    if path.suffix == ".xlsx":
        (sheet,) = openpyxl.load_workbook(path).worksheets
        rows = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    else:
        content = path.read_bytes()
        rows = [line.split(";") for line in decoded(content).splitlines()]
    header: list[str] = []
    for row in rows:
        names = [cell.strip().casefold() for cell in row]
        if key in names:
            header = names
        elif header and any(row):
            yield dict(zip(header, row, strict=True))


def decoded(content: bytes) -> str:
    """Bytes as text, by the byte order mark, else UTF-8, else cp1252."""
    if content.startswith(b"\xff\xfe"):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def day(text: str) -> datetime.date:
    """A date in the three ways the files write it."""
    digits = "".join(filter(str.isdigit, text[:10]))
    if "/" in text:
        digits = digits[4:] + digits[2:4] + digits[:2]
    return datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def owners() -> dict[str, str]:
    """Unit codes, cost centres and their beginnings (with a star), in lower case, to unit codes."""
    known = {}
    for line in (CITY / "enheter.csv").read_text(encoding="utf-8").splitlines()[1:]:
        code, _, _, _, centres, *_ = line.split(";")
        known |= dict.fromkeys([code.casefold(), *centres.split()], code)
    return known


def unit_of(cell: str, known: dict[str, str]) -> str:
    """The unit a cell means."""
    return known.get(cell.casefold()) or next(known[f"{cell[:end]}*"] for end in (3, 2) if f"{cell[:end]}*" in known)


def great_circle_km(origin: dict, destination: dict) -> int:
    """Whole km between two airports, by the angle between their vectors."""
    vectors = []
    for place in (origin, destination):
        lat, lon = math.radians(place["lat"]), math.radians(place["lon"])
        vectors.append((math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)))
    return round(math.acos(sum(a * b for a, b in zip(*vectors, strict=True))) * EARTH_RADIUS_KM)


def flight_g(route: str, km: Fraction) -> Fraction:
    """Grams of a journey, leg by leg; a distance of its own is spread over the legs."""
    stops = [AIRPORTS[PLACES.get(stop.upper(), stop.upper())] for stop in route.split("-")]
    legs = [(great_circle_km(*pair), pair[0]["country"] == pair[1]["country"]) for pair in pairwise(stops)]
    stretch = km / sum(leg_km for leg_km, _ in legs) if km else 1
    hauls = ["long" if leg_km > SHORT_HAUL_KM else "domestic" if inland else "short" for leg_km, inland in legs]
    return sum(leg_km * stretch * G_PER_FLIGHT_KM[haul] for (leg_km, _), haul in zip(legs, hauls, strict=True))


def standard(path: Path, known: dict[str, str]) -> Iterator[Charged]:
    """Pool cars and taxi."""
    for row in table(path, "trip_id"):
        on, fuel = day(row["date"]), row["fuel"]
        if row["co2_fossil_kg"]:
            grams = number(row["co2_fossil_kg"]) * 1000
        elif row["fuel_quantity"]:
            grams = number(row["fuel_quantity"]) * (G_PER_LITRE.get(fuel) or E85_G_PER_LITRE[on.month])
        else:
            grams = number(row["distance_km"]) * G_PER_CAR_KM[fuel]
        yield unit_of(row["unit"], known), row["category"], on, half_up(grams)


def milersattning(path: Path, known: dict[str, str]) -> Iterator[Charged]:
    """Mileage claims, in mil."""
    for row in table(path, "löneart"):
        if row["löneart"] in ("5120", "5121", "5122"):
            per_km = G_PER_CAR_KM["electric" if row["löneart"] == "5122" else ""]
            yield unit_of(row["kst"], known), "own_car", day(row["datum"]), half_up(number(row["antal"]) * 10 * per_km)


def resebyra(path: Path, known: dict[str, str]) -> Iterator[Charged]:
    """Tickets; what was given back has a negative price."""
    categories = {"Flyg": "flight", "Taxi": "taxi", "Hyrbil": "rental_car"}
    for row in table(path, "bokningsnr"):
        if row["typ"] in categories:
            km = number(row["km"] or "0")
            grams = (
                flight_g(row["resväg"], km)
                if row["typ"] == "Flyg"
                else km * G_PER_CAR_KM[{"El": "electric"}.get(row["drivmedel"], "")]
            )
            sign = -1 if number(row["pris"]) < 0 else 1
            yield (
                unit_of(row["kostnadsställe"], known),
                categories[row["typ"]],
                day(row["avresedatum"]),
                sign * half_up(grams),
            )


def charges() -> dict[str, dict[str, int]]:
    """Per unit: grams, öre, and the öre in lots whose year has ended by 31 March 2026."""
    known = owners()
    lines: dict[tuple[str, str, tuple[int, int], str], int] = defaultdict(int)
    for path in FILES:
        read = {"standard": standard, "milersattning": milersattning, "resebyra": resebyra}[path.stem[8:]]
        for unit, category, on, grams in read(path, known):
            lines[path.name, unit, (on.year, on.month), category] += grams
    sums = {unit: {"co2_g": 0, "charged_ore": 0, "due_within_90_days_ore": 0} for unit in sorted(set(known.values()))}
    vouchers: dict[tuple[str, str, tuple[int, int]], int] = defaultdict(int)
    for (file, unit, month, _), grams in lines.items():
        ore = half_up(Fraction(grams * ORE_PER_KG, 1000))
        sums[unit]["co2_g"] += grams
        sums[unit]["charged_ore"] += ore
        vouchers[file, unit, month] += ore
    for (_, unit, month), ore in vouchers.items():
        # A voucher that is a credit takes from the oldest lots, and those are due.
        if month <= (2025, 3) or ore < 0:
            sums[unit]["due_within_90_days_ore"] += ore
    return sums
