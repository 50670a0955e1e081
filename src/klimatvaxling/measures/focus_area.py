"""The focus area (fokusområde): what field of the climate work a measure belongs to, from a decided list."""

from collections.abc import Callable, Sequence

from klimatvaxling.errors import InputRefused
from klimatvaxling.language import N_


class UnknownFocusArea(InputRefused):
    """Not one of the decided areas, or more than one."""

    code = "KV-FOCUS-AREA"
    message = N_("“{value}” is not one focus area.")
    remedy = N_("Write one of: {known}. The list is the policy focus_areas.")


def focus_area(value: str, areas: Sequence[str], titles: Callable[[str], Sequence[str]]) -> str:
    """The area that is meant by its code, its title in any language, or a part of them that fits no other; empty for none.

    Raises `UnknownFocusArea`.
    """
    wanted = value.strip().casefold()
    if not wanted:
        return ""
    known = {area: [area.casefold(), *(title.casefold() for title in titles(area))] for area in areas}
    for fits in (lambda name: name == wanted, lambda name: wanted in name):
        found = [area for area, names in known.items() if any(map(fits, names))]
        if len(found) == 1:
            return found[0]
    raise UnknownFocusArea(value=value.strip(), known=", ".join(areas))
