"""What a check finds: the one who breaks an invariant, with both sides of the difference."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Offence:
    """What breaks an invariant: an id people can look up, and both sides of the difference."""

    id: str
    expected: object
    found: object
