"""Sheets of the method: how the figures come about, with the rates, policies and factors used and their sources."""

from klimatvaxling.exports.climate_report.units import headed
from klimatvaxling.exports.climate_report.year import ClimateYear
from klimatvaxling.exports.sheet import Field, Sheet
from klimatvaxling.formats import kronor
from klimatvaxling.language import N_, translate
from klimatvaxling.policies import policy
from klimatvaxling.reports.titles import title
from klimatvaxling.typed import decimal

_PARAGRAPHS = (
    N_(
        "Each unit pays a fee for the fossil CO2 of its business travel by car and air. The fee is first the unit's own,"
        " for measures that lower its emissions; what is not used in time goes to the shared fund."
    ),
    N_(
        "CO2 of a trip: by the best evidence in its row, in this order: fossil CO2 stated by the supplier; fuel quantity"
        " × factor; distance × factor; great-circle distance of each leg × factor. Whole grams, rounded once."
    ),
    N_(
        "Fee: the sum of grams × the rate of the trip's date, rounded once to whole öre for each unit, category, rate"
        " and booking date of an import."
    ),
    N_("Only fossil CO2 is counted: no biogenic part, no fuel production, no high-altitude effects of flights."),
    N_(
        "Money is counted by booking date. Travel by month of trip stands beside it on the sheet of months and is"
        " reconciled there. The control sheet computes every total anew from the ledger's sheet."
    ),
)


def method(year: ClimateYear) -> Sheet:
    """The method in words, then the rates and policies that held in the year."""
    sheet = headed(translate(N_("Method")), translate(N_("Method {year}"), year=year.year))
    sheet.widths |= {1: 24, 2: 30, 3: 13, 4: 36, 5: 50}
    for text in _PARAGRAPHS:
        sheet.paragraph(translate(text), 5)
    sheet.skip()
    _policies(sheet, year)
    return sheet


def _policies(sheet: Sheet, year: ClimateYear) -> None:
    """The values that held on any day of the year, the rates first."""
    rows: list[tuple[object, ...]] = []
    for name, kind in policy.KINDS.items():
        decided = [value for value in year.policies if value.name == name and value.valid_from <= year.as_of]
        held = policy.in_force(year.policies, name, year.begins)
        of_year = [
            value
            for value in decided
            if value is held or (value.valid_from > year.begins and not _replaced(value, decided))
        ]
        for value in of_year:
            shown = value.value.replace(",", ", ").replace("|", ", ")  # lists break between their words
            if name == policy.RATE:
                shown = translate(N_("{amount} kr/kg"), amount=kronor(int(value.value)))
            rows.append((name, shown, value.valid_from, value.decision, translate(kind.summary)))
        if not of_year and name in policy.DEFAULTS:
            default = translate(N_("Not decided: what the program does by itself"))
            rows.append((name, policy.DEFAULTS[name], None, default, translate(kind.summary)))
    sheet.line(("heading", translate(N_("Rates and policies"))))
    sheet.table(
        "Policies",
        (
            Field("name", translate(N_("Policy")), width=24),
            Field("value", translate(N_("Value")), width=30),
            Field("from", translate(N_("From")), "date"),
            Field("decision", translate(N_("Decision")), width=36),
            Field("summary", translate(N_("What it is about")), width=50),
        ),
        rows,
    )


def _replaced(value: policy.PolicyValue, decided: list[policy.PolicyValue]) -> bool:
    """Whether a later registration put another value in its place from the same day."""
    return any(other.valid_from == value.valid_from and other.id > value.id for other in decided)


def factors(year: ClimateYear) -> Sheet:
    """The factors behind the year's bookings, with the kilograms computed by each."""
    sheet = headed(
        translate(N_("Factors")),
        translate(N_("Emission factors used {year}"), year=year.year),
        translate(N_("By booking date. A flight of several legs is listed under the factor of its longest leg.")),
    )
    used: dict[int, list[int]] = {}
    for each in year.booked_travel:
        if each.factor_id is not None:
            sums = used.setdefault(each.factor_id, [0, 0])
            sums[0], sums[1] = sums[0] + each.trips, sums[1] + each.co2_g
    rows = []
    for key in sorted(used, key=lambda key: (-used[key][1], key)):
        factor = year.factors[key]
        unit = title(str(factor["unit"]))
        sure = title(str(factor["confidence"]))
        per = translate(N_("g per {unit}"), unit=unit)
        rows.append(
            (
                factor["key"],
                factor["factor_set"],
                decimal(str(factor["g_per_unit"])),
                per,
                sure,
                *used[key],
                factor["source"],
            )
        )
    sheet.table(
        "Factors",
        (
            Field("factor", translate(N_("Factor"))),
            Field("set", translate(N_("Factor set"))),
            Field("value", translate(N_("Value")), "figure"),
            Field("per", translate(N_("Per"))),
            Field("confidence", translate(N_("Certainty"))),
            Field("trips", translate(N_("Trips")), "count", summed=True),
            Field("co2", translate(N_("kg CO2")), "kg", summed=True),
            Field("source", translate(N_("Source")), width=60),
        ),
        rows,
        freeze=True,
        when_empty=translate(N_("None")),
    )
    return sheet
