"""The source that charges a vehicle: of a fuel card, a driving journal and a pool system, the one whose rows count.

The vehicle register names it for each vehicle, dated; where it names none the policy `vehicle_source` does, and where
that is `every`, every source's rows are charged. It follows from the vehicle and the day alone, never from what was
imported first.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from klimatvaxling.language import N_, translate
from klimatvaxling.policies.policy import EVERY_SOURCE, VEHICLE_SOURCE, PolicyValue, in_force
from klimatvaxling.vehicles.vehicle import Vehicle


@dataclass(frozen=True)
class ChargedElsewhere:
    """Why a source's rows of a vehicle lie outside the scheme. `decision` is that of the policy, or nothing."""

    source: str
    decision: str = ""

    def __str__(self) -> str:
        """The reason, in the language in use."""
        if self.decision:
            reason = N_("the vehicle is charged by {source}, by the policy vehicle_source ({decision})")
            return translate(reason, source=self.source, decision=self.decision)
        return translate(N_("the vehicle is charged by {source}, by the vehicle register"), source=self.source)


class ChargingSources:
    """Which source charges a vehicle, by the register and the decided rules."""

    def __init__(self, policies: Iterable[PolicyValue]) -> None:
        self._policies = [value for value in policies if value.name == VEHICLE_SOURCE]

    def elsewhere(self, vehicle: Vehicle, source: str, day: datetime.date) -> ChargedElsewhere | None:
        """Why `source` does not charge the vehicle on `day`; None where it does."""
        if vehicle.charged_by:
            return ChargedElsewhere(vehicle.charged_by) if vehicle.charged_by != source else None
        decided = in_force(self._policies, VEHICLE_SOURCE, day)
        if decided is None or decided.value in (EVERY_SOURCE, source):
            return None
        return ChargedElsewhere(decided.value, decided.decision)

    def eras(self) -> list[datetime.date]:
        """The days on which the rule changes."""
        return sorted({value.valid_from for value in self._policies})
