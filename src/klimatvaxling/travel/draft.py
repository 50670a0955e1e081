"""A draft of a profile from a supplier's file: what its header and first rows suggest, every guess marked as one.

The draft is for a person to finish. Until she takes away its mark nothing can be imported with it.
"""

import datetime
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from klimatvaxling import typed
from klimatvaxling.errors import InputRefused, Place
from klimatvaxling.language import N_, translate
from klimatvaxling.travel.personal_number import looks_like_personal_number
from klimatvaxling.travel.profile import fold
from klimatvaxling.travel.rows import HEADER_WITHIN_ROWS

LEAST_COLUMNS = 2
# As many different values as a column of fuels or categories has at most.
_MOST_WORDS = 30
# What the headers of Swedish and English files say, the surest first.
_HEADINGS = {
    "trip_id": (
        r"bokningsn(umme)?r",
        r"(biljett|kvitto|transaktions|order|rese|resoräknings|reseräknings|avtals|faktura|löp)n(umme)?r",
        r"hyresavtal|trip.?id|booking.*|transaction.*|receipt.*",
        r"id",
    ),
    "date": (r"avresedatum|resdatum|transaktionsdatum|startdatum|trip date|date", r".*datum.*|.*\bdate\b.*"),
    "unit": (r"kostnadsställe|kst|cost cent(re|er)|unit", r"ansvar|enhet|förvaltning|.*kostnadsst.*"),
    "distance_km": (
        r"(körda |antal )?(km|mil|kilometer)|distance.*|distans.*",
        r".*\b(km|mil|kilometer|miles)\b.*|sträcka.*",
    ),
    "fuel_quantity": (r"volym.*|liter|kvantitet|kwh|litres?|volume.*", r".*\b(liter|kwh|kg gas)\b.*"),
    "fuel": (r"drivmedel|bränsle|fuel", r"produkt|product|drivmedelstyp|bränsletyp"),
    "route": (r"resväg|rutt|route|routing", r"sträckning|flygsträcka"),
    "co2_fossil_kg": (r".*(co2|koldioxid|utsläpp).*",),
    "project": (r"projekt|project",),
}
_FROM, _TO = r"från|from|avreseort|avgångsort", r"till|to|ankomstort|destination"
_KINDS = r"(rese?)?typ|färdsätt|transportslag|kategori|category|produktgrupp"
_PERSONS = r".*(namn|name|anställ|person|resenär|förare|traveller|passenger|driver|e-?post|e-?mail|telefon).*"
_FUELS = (
    ("hvo100", r"hvo.*"),
    ("e85", r"e85|etanol.*|ethanol.*"),
    ("petrol", r"bensin.*|blyfri.*|9[58]\b.*|e10|petrol|gasoline|unleaded.*"),
    ("diesel", r".*diesel.*"),
    ("vehicle_gas", r".*gas|cng|biogas.*|fordonsgas.*"),
    ("electric", r"el|el-?bil|elektri.*|electric.*|laddning.*|.*kwh.*"),
    ("unknown", r"okän[td]|unknown"),
)
_CATEGORIES = (
    ("flight", r"flyg.*|flight.*|air.*"),
    ("taxi", r"taxi.*"),
    ("rental_car", r"hyrbil.*|rental.*|hire.*|biluthyr.*"),
    ("pool_car", r"poolbil.*|bilpool.*|tjänstebil.*|pool.*"),
    ("own_car", r"egen bil.*|privat ?bil.*|own.*|milersättning.*"),
)
_OUTSIDE = r"tåg.*|buss.*|hotell.*|båt.*|färja.*|avgift.*|train.*|bus|hotel.*|ferry.*|fee.*|cykel.*"
# What words in the file's name or header make a file of.
_FILE_HINTS = (
    ("flight", r"flyg|resväg|klass|biljett|flight|avreseort"),
    ("taxi", r"taxi|färdtjänst"),
    ("rental_car", r"hyr|rental|bilklass"),
    ("pool_car", r"kortn|volym|produkt|pool|körjournal|regn|registrering"),
)
_DATE_FORMS = ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%y%m%d")
_TOTAL = re.compile(r"(summa|totalt?|total|sum)\b", re.IGNORECASE)


class NothingToDraft(InputRefused):
    """A file without a row that could be its header."""

    code = "KV-DRAFT-HEADER"
    message = N_("No row among the first {rows} looks like a header of at least {columns} columns.")
    remedy = N_("Check that it is the right file and sheet, or write the profile by hand: docs/sources.md.")


@dataclass
class _Table:
    """A file's header as spelled, and the cells of some rows below it."""

    name: str
    header: list[str]
    rows: list[list[str]]
    used: set[str] = field(default_factory=set)

    def cells(self, column: str) -> list[str]:
        """A column's cells that are filled."""
        index = self.header.index(column)
        return [row[index].strip() for row in self.rows if index < len(row) and row[index].strip()]

    def words(self, column: str) -> list[str]:
        """A column's different values, none where there are too many for words; nobody's number among them."""
        found = list(dict.fromkeys(cell for cell in self.cells(column) if not looks_like_personal_number(cell)))
        return found if len(found) <= _MOST_WORDS else []

    def find(self, *patterns: str) -> str | None:
        """The first column whose heading is one of the patterns, the first pattern first."""
        for pattern in patterns:
            for column in self.header:
                if column and column not in self.used and re.fullmatch(pattern, fold(column).rstrip(".:")):
                    return column
        return None

    def take(self, *patterns: str) -> str | None:
        """As `find`; the column is not found again."""
        column = self.find(*patterns)
        self.used |= {column} if column else set()
        return column


def draft_profile(name: str, file: str, rows: Iterable[Sequence[str]], *, sheet: str | None = None) -> str:
    """A profile in TOML drafted from a file's first rows, of a certain sheet where it is named. Raises `NothingToDraft`."""
    table = _table(file, [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)])
    guess = "  # " + translate(N_("guess"))
    columns, outside = _columns(table)
    lines = [
        "# "
        + translate(N_("Drafted from the header of {file}. Check every line that is marked as a guess."), file=file),
        "# "
        + translate(
            N_("How profiles are written: docs/sources.md. Try it: klimatvaxling source test {name} FILE"), name=name
        ),
        "",
        "[source]",
        f"title = {_quoted(name)}{guess}",
        "# " + translate(N_("Take this line away when the profile is right: nothing is imported with a draft.")),
        "draft = true",
        "",
        *(("[file]", f"sheet = {_quoted(sheet)}{guess}", "") if sheet is not None else ()),
        "[columns]",
        *(f"{column} = {rule}{guess}{f': {why}' if why else ''}" for column, rule, why in columns),
        "",
    ]
    for rule in (*outside, *_sums(table, columns)):
        lines += [*rule, ""]
    kept_out = [column for column in table.header if column and column not in table.used]
    persons = [column for column in kept_out if re.fullmatch(_PERSONS, fold(column))]
    others = [column for column in kept_out if column not in persons]
    if persons:
        lines.append(
            "# " + translate(N_("Never stored, as they seem to be about people: {columns}"), columns=", ".join(persons))
        )
    if others:
        lines.append("# " + translate(N_("Not used and not stored: {columns}"), columns=", ".join(others)))
    return "\n".join(lines).rstrip() + "\n"


def _table(file: str, rows: list[list[str]]) -> _Table:
    """The rows from the header on: the first row with the most cells that are words."""
    counts = [len({fold(cell) for cell in row if cell and _is_word(cell)}) for row in rows[:HEADER_WITHIN_ROWS]]
    most = max(counts, default=0)
    if most < LEAST_COLUMNS:
        raise NothingToDraft(rows=HEADER_WITHIN_ROWS, columns=LEAST_COLUMNS, place=Place(file=file))
    position = counts.index(most)
    header: list[str] = []
    for cell in rows[position]:
        header.append("" if fold(cell) in map(fold, header) else cell)
    below = [row for row in rows[position + 1 :] if [fold(cell) for cell in row] != [fold(cell) for cell in header]]
    return _Table(file, header, below)


def _is_word(cell: str) -> bool:
    return not _is_number(cell) and not _is_date(cell)


def _is_number(cell: str) -> bool:
    try:
        typed.decimal(cell)
    except typed.NotANumber:
        return False
    return True


def _is_date(cell: str) -> bool:
    try:
        typed.date(cell[:10] if " " in cell else cell)
    except typed.NotADate:
        return _form_of([cell]) is not None
    return True


def _form_of(cells: Sequence[str]) -> str | None:
    """The one way of writing dates that fits some cells."""
    for form in _DATE_FORMS:
        try:
            for cell in cells:
                datetime.datetime.strptime(cell, form)  # noqa: DTZ007 - a calendar date
        except ValueError:
            continue
        return form
    return None


Rule = tuple[str, str, str]


def _columns(table: _Table) -> tuple[list[Rule], list[list[str]]]:
    """The standard columns, each with its rule in TOML and what to think of, and the rules for rows outside."""
    found: list[Rule] = []
    trip_id = table.take(*_HEADINGS["trip_id"])
    if trip_id is not None and len(set(table.cells(trip_id))) == len(table.cells(trip_id)):
        found.append(("trip_id", _quoted(trip_id), ""))
    elif trip_id is not None:
        why = translate(
            N_("stands on several rows; join a row number to it, as in {example}"), example='columns = ["A", "B"]'
        )
        found.append(("trip_id", _quoted(trip_id), why))
    found.append(_date(table))
    unit = table.take(*_HEADINGS["unit"])
    found.append(("unit", *_or_first(table, unit, lambda cell: not _is_date(cell))))
    category, outside = _category(table)
    found.append(category)
    found += _fuel(table)
    distance = table.take(*_HEADINGS["distance_km"]) or table.take(r"antal")
    if distance is not None:
        found.append(_distance(distance))
    quantity = table.take(*_HEADINGS["fuel_quantity"])
    if quantity is not None:
        found.append(("fuel_quantity", _quoted(quantity), translate(N_("litres, kg of gas or kWh"))))
    found += _route(table)
    stated = table.take(*_HEADINGS["co2_fossil_kg"])
    if stated is not None:
        why = translate(N_("ask the supplier; only fossil_co2 is ever used as stated CO2"))
        found.append(("co2_fossil_kg", f'{{ column = {_quoted(stated)}, basis = "unknown" }}', why))
    if unit is not None:
        found.append(("cost_centre", _quoted(unit), ""))
    project = table.take(*_HEADINGS["project"])
    if project is not None:
        found.append(("project", f"{{ column = {_quoted(project)}, optional = true }}", ""))
    return found, outside


def _or_first(table: _Table, column: str | None, fits: Callable[[str], bool]) -> tuple[str, str]:
    """A column that was found, or the first unused one that may be it; which columns are required is not negotiable."""
    if column is not None:
        return _quoted(column), ""
    unused = [
        name for name in table.header if name and name not in table.used and not re.fullmatch(_PERSONS, fold(name))
    ]
    fitting = [name for name in unused if table.cells(name) and all(map(fits, table.cells(name)[:20]))]
    chosen = (fitting or unused or [name for name in table.header if name])[0]
    table.used.add(chosen)
    return _quoted(chosen), translate(N_("no heading says so; choose the right column"))


def _date(table: _Table) -> Rule:
    quoted, why = _or_first(table, table.take(*_HEADINGS["date"]), _is_date)
    cells = [cell for cell in table.cells(json.loads(quoted)) if not _TOTAL.match(cell)]
    odd = [cell for cell in cells if re.fullmatch(r"[0-9./-]{6,10}", cell) and not _is_iso(cell)]
    form = _form_of(odd) if odd else None
    if form is None:
        return "date", quoted, why
    forms = ["%Y-%m-%d", "%Y%m%d", form]
    return "date", f"{{ column = {quoted}, dates = {json.dumps(forms)} }}", why


def _is_iso(cell: str) -> bool:
    try:
        typed.date(cell)
    except typed.NotADate:
        return False
    return True


def _category(table: _Table) -> tuple[Rule, list[list[str]]]:
    column = table.find(_KINDS)
    words = table.words(column) if column is not None else []
    known = {word: kind for word in words if (kind := _kind_of(word, _CATEGORIES))}
    if column is not None and known:
        table.used.add(column)
        outside = [word for word in words if re.fullmatch(_OUTSIDE, fold(word))]
        reason = translate(N_("neither car nor flight"))
        rules = [
            "[[outside]]  # " + translate(N_("guess")),
            f"column = {_quoted(column)}",
            f"is = {json.dumps(outside, ensure_ascii=False)}",
            f"reason = {_quoted(reason)}",
        ]
        return ("category", f"{{ column = {_quoted(column)}, map = {_map(known)} }}", ""), [rules] if outside else []
    hints = fold(" ".join([table.name, *table.header]))
    kind = next((kind for kind, pattern in _FILE_HINTS if re.search(pattern, hints)), "own_car")
    return ("category", f"{{ constant = {_quoted(kind)} }}", ""), []


def _fuel(table: _Table) -> list[Rule]:
    column = table.take(*_HEADINGS["fuel"])
    if column is None:
        return []
    words = table.words(column)
    known = {word: kind for word in words if (kind := _kind_of(word, _FUELS))}
    left = [word for word in words if word not in known]
    why = translate(N_("not understood: {words}"), words=", ".join(left[:10])) if left else ""
    return [("fuel", f"{{ column = {_quoted(column)}, map = {_map(known)} }}", why)]


def _distance(column: str) -> Rule:
    heading = fold(column)
    if re.search(r"\bmil\b", heading) or heading == "antal":
        return "distance_km", f'{{ column = {_quoted(column)}, times = "10" }}', translate(N_("in mil; 1 mil is 10 km"))
    if re.search(r"\bmiles\b", heading):
        return "distance_km", f'{{ column = {_quoted(column)}, times = "1.609344" }}', translate(N_("in miles"))
    return "distance_km", _quoted(column), translate(N_("in km"))


def _route(table: _Table) -> list[Rule]:
    route = table.take(*_HEADINGS["route"])
    if route is not None:
        return [("route", _quoted(route), "")]
    start, end = table.take(_FROM), table.take(_TO)
    if start is None or end is None:
        return []
    return [("route", f"{{ columns = [{_quoted(start)}, {_quoted(end)}] }}", translate(N_("used for flights only")))]


def _sums(table: _Table, columns: Sequence[Rule]) -> list[list[str]]:
    """The file's own total, and rows that hold one cell only and so are no trips."""
    quantities = [json.loads(match[0]) for _, rule, _ in columns if (match := re.search(r'"(?:[^"\\]|\\.)*"', rule))]
    measured = [table.header.index(name) for name in quantities if name in table.header]
    rules = []
    for row in table.rows:
        label = next((index for index, cell in enumerate(row[: len(table.header)]) if cell), None)
        if label is None or not table.header[label] or not _TOTAL.match(row[label]):
            continue
        word = row[label].split()[0].rstrip(":")
        summed = [table.header[i] for i in measured if i < len(row) and i != label and _is_number(row[i])]
        if summed:
            rules.append(
                [
                    "[[totals]]  # " + translate(N_("guess")),
                    f"column = {_quoted(table.header[label])}",
                    f"starts_with = [{_quoted(word)}]",
                    f"sums = {json.dumps(summed, ensure_ascii=False)}",
                    "required = true",
                ]
            )
        else:
            rules.append(_skip(table.header[label], word))
        break
    for row in table.rows:
        filled = [index for index, cell in enumerate(row[: len(table.header)]) if cell]
        if len(filled) == 1 and len(table.header) > LEAST_COLUMNS and table.header[filled[0]]:
            word = row[filled[0]].split()[0]
            if not _TOTAL.match(word):
                rules.append(_skip(table.header[filled[0]], word))
                break
    return rules


def _skip(column: str, word: str) -> list[str]:
    return [
        "[[skip]]  # " + translate(N_("guess")),
        f"column = {_quoted(column)}",
        f"starts_with = [{_quoted(word)}]",
    ]


def _kind_of(word: str, kinds: Sequence[tuple[str, str]]) -> str | None:
    return next((kind for kind, pattern in kinds if re.fullmatch(pattern, fold(word))), None)


def _map(known: dict[str, str]) -> str:
    return "{ " + ", ".join(f"{_quoted(word)} = {_quoted(kind)}" for word, kind in known.items()) + " }"


def _quoted(text: str) -> str:
    """A basic string of TOML, which JSON's are too."""
    return json.dumps(text, ensure_ascii=False)
