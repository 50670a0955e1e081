"""What can be wrong with a factor set's file. Errors name the place as a path: `factor[3].g_per_unit`."""

from klimatvaxling.errors import InputRefused
from klimatvaxling.language import N_


class FactorFileUnreadable(InputRefused):
    """The file is not TOML in UTF-8."""

    code = "KV-FACTOR-FILE"
    message = N_("The factor set cannot be read: {reason}.")
    remedy = N_("Save the file as TOML in UTF-8; the set that is shipped with the program is an example to start from.")


class FactorKeyUnknown(InputRefused):
    """A key that no factor set has."""

    code = "KV-FACTOR-KEY"
    message = N_("{where} is not known in a factor set.")
    remedy = N_("Correct the spelling or remove it. Known here: {known}.")
    explanation = N_(
        "A key that is not known is refused rather than ignored: a misspelt “valid_to” would otherwise leave"
        " a factor in force for ever without anyone noticing."
    )


class FactorFieldMissing(InputRefused):
    """A field that every factor set or factor of this kind has."""

    code = "KV-FACTOR-MISSING"
    message = N_("{where} is missing in the factor set.")
    remedy = N_("Add it. Every figure needs its source, unit and validity.")


class FactorFieldKind(InputRefused):
    """A field with a value of the wrong kind."""

    code = "KV-FACTOR-KIND"
    message = N_("{where} has the wrong kind of value.")
    remedy = N_("Write it like this: {example}.")


class FactorNumber(InputRefused):
    """A number written as a TOML float, or not a number."""

    code = "KV-FACTOR-NUMBER"
    message = N_("{where} is {value}, which is not an exact number in quotes.")
    remedy = N_('Write the number in quotes with at most ten digits and no minus, for example "132.6".')
    explanation = N_(
        "Without quotes, TOML reads 132.6 as a binary floating-point number, which cannot hold most decimals"
        " exactly. CO2 is computed in exact decimals, so that everyone who multiplies by hand gets the same"
        " grams."
    )


class FactorValueUnknown(InputRefused):
    """A value outside the list that the field allows."""

    code = "KV-FACTOR-VALUE"
    message = N_("{where} is “{value}”, which is not one of {known}.")
    remedy = N_("Use one of the values listed.")


class FactorUnitWrong(InputRefused):
    """A factor per another unit than the quantity is counted in."""

    code = "KV-FACTOR-UNIT"
    message = N_("{where} is “{value}”, but this quantity is counted in “{expected}”.")
    remedy = N_("Convert the figure to grams per {expected}.")
    explanation = N_(
        "Fuel is counted in litres, vehicle gas in kg, electricity in kWh and distance in km. A factor per"
        " another unit would be multiplied with the wrong quantity."
    )


class FactorOfUnknownFuel(InputRefused):
    """A factor per litre of an unknown fuel."""

    code = "KV-FACTOR-FUEL"
    message = N_("{where} gives fuel “{value}” a factor per quantity of fuel.")
    remedy = N_('Name the fuel, or give the factor per km (measure = "distance").')


class FactorDates(InputRefused):
    """A validity that ends before it begins, or lies outside the set's."""

    code = "KV-FACTOR-DATES"
    message = N_("{where}: the validity {first} – {last} ends before it begins or reaches outside the set's own.")
    remedy = N_("Correct valid_from and valid_to of the factor or of the whole set.")


class FactorKeyTwice(InputRefused):
    """Two factors of one set with the same key."""

    code = "KV-FACTOR-TWICE"
    message = N_("{where}: the key “{value}” is used by an earlier factor of the set.")
    remedy = N_("Give every factor a key of its own: trips refer to it for ever.")


class FactorsOverlap(InputRefused):
    """Two factors of one set for the same thing on the same day."""

    code = "KV-FACTOR-OVERLAP"
    message = N_("The factors “{first}” and “{second}” are both in force on {day}.")
    remedy = N_("End the one the day before the other begins, or give them months that do not overlap.")
    explanation = N_(
        "Within a set exactly one factor may apply on a day, or the grams of a trip would depend on the order"
        " of the file. Between sets there is no conflict: the set that was registered last wins."
    )


class FactorBasisRefused(InputRefused):
    """The figures are not fossil CO2."""

    code = "KV-FACTOR-BASIS"
    message = N_("The basis of the factor set is “{value}”, not “fossil_co2”.")
    remedy = N_('Register a set whose figures are fossil CO2 from the exhaust, and say so: basis = "fossil_co2".')
    explanation = N_(
        "The fee is set per kg of fossil CO2. Figures for carbon dioxide equivalents (CO2e), for the whole"
        " life cycle or with the climate effect of flying at high altitude are larger, and would raise the"
        " fee without a decision. They are therefore never used as fossil CO2."
    )
