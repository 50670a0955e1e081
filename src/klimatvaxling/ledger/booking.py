"""What every step in the books needs: a day that is never before what it builds on, and often a reason."""

import datetime

from klimatvaxling.errors import InputRefused, StateRefused
from klimatvaxling.language import N_


class BookedTooEarly(StateRefused):
    """A step dated before the one it builds on."""

    code = "KV-BOOKED-EARLY"
    message = N_("{day} is earlier than {earliest}, the day of what it builds on.")
    remedy = N_("Choose that day or a later one: --booked-on DATE")


class ReasonMissing(InputRefused):
    """Something taken back or refused without its reason."""

    code = "KV-REASON-MISSING"
    message = N_("The reason is missing.")
    remedy = N_("Say why in a few words: --reason TEXT")


def booking_day(given: datetime.date | None, today: datetime.date, earliest: str) -> str:
    """The ISO date a step is booked on. Raises `BookedTooEarly`."""
    if given is None:
        return max(today.isoformat(), earliest)
    if given.isoformat() < earliest:
        raise BookedTooEarly(day=given, earliest=earliest)
    return given.isoformat()


def required_reason(reason: str) -> str:
    """The reason, trimmed. Raises `ReasonMissing`."""
    if not reason.strip():
        raise ReasonMissing
    return reason.strip()
