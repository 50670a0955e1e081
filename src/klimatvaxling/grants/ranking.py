"""Ranking applications: by what a kilogram less costs over the lifetime, and by points for the decided criteria."""

import re
from collections.abc import Mapping, Sequence

from klimatvaxling.errors import InputRefused
from klimatvaxling.grants.application import lifetime_cost_ore_per_kg
from klimatvaxling.grants.grant import Grant
from klimatvaxling.language import N_

MOST_POINTS = 10
_SCORE = re.compile(r"\s*([^=\s]+)\s*=\s*([0-9]{1,2})\s*")


class BadScore(InputRefused):
    """Points that are none."""

    code = "KV-GRANT-SCORE"
    message = N_("“{value}” is not a score.")
    remedy = N_("Write CRITERION=POINTS with 0 to {most} points. The criteria are: {known}.")


def parse_scores(texts: Sequence[str], criteria: Mapping[str, int]) -> dict[str, int]:
    """Points by criterion from `criterion=points` as typed. Raises `BadScore`."""
    scores = {}
    for text in texts:
        found = _SCORE.fullmatch(text)
        if not found or found[1].casefold() not in criteria or int(found[2]) > MOST_POINTS:
            raise BadScore(value=text, most=MOST_POINTS, known=", ".join(criteria))
        scores[found[1].casefold()] = int(found[2])
    return scores


def weighted_points(scores: Mapping[str, int], criteria: Mapping[str, int]) -> int | None:
    """The sum of points × weight over the criteria in force; None where nobody has scored."""
    counted = [scores[name] * weight for name, weight in criteria.items() if name in scores]
    return sum(counted) if counted else None


def cost_of(grant: Grant) -> int | None:
    """What the fund pays for each kilogram less: of what was approved, or of what is asked for; öre per kg."""
    asked = grant.application
    return lifetime_cost_ore_per_kg(
        grant.approved_ore or asked.requested_ore, asked.co2_reduction_g, asked.lifetime_years
    )
