"""What the scheme's codes are called in the language in use."""

from klimatvaxling.grants.grant import STATES
from klimatvaxling.language import N_, translate

_TITLES = STATES | {
    "own_car": N_("Own car"),
    "pool_car": N_("Pool car"),
    "rental_car": N_("Rental car"),
    "taxi": N_("Taxi"),
    "flight": N_("Flight"),
    "administration": N_("Administration"),
    "company": N_("Company"),
    "read": N_("read"),
    "derived": N_("derived"),
    "assumed": N_("assumed"),
    "petrol": N_("Petrol"),
    "diesel": N_("Diesel"),
    "e85": N_("E85"),
    "hvo100": N_("HVO100"),
    "vehicle_gas": N_("Vehicle gas"),
    "electric": N_("Electric"),
    "unknown": N_("Unknown"),
    "litre": N_("litre"),
    "travel": N_("Travel and transport"),
    "energy": N_("Use and produce energy"),
    "construction": N_("Build, renovate, construct"),
    "consumption": N_("Consume and produce"),
    "carbon_storage": N_("Store and take up greenhouse gases"),
}


def title(code: str | None) -> str:
    """A category's, kind's, certainty's or unit of measure's title; what has none is shown as it is."""
    return translate(_TITLES.get(code, code)) if code else ""


def spellings(code: str) -> tuple[str, ...]:
    """A code's title in English and in the language in use, to recognise what somebody typed."""
    return (_TITLES[code], translate(_TITLES[code])) if code in _TITLES else ()
