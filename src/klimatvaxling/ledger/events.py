"""The events that are posted, and what people call them."""

from klimatvaxling.language import N_, translate

TITLES = {
    "charge": N_("climate fee"),
    "amendment": N_("correction of travel"),
    "undo": N_("undoing of a batch"),
    "opening": N_("opening amount"),
    "measure": N_("measure"),
    "sweep": N_("to the shared fund"),
    "appropriation": N_("appropriation"),
    "appropriation_returned": N_("appropriation returned"),
    "grant_approved": N_("grant approved"),
    "grant_released": N_("grant released"),
    "grant_paid": N_("grant paid"),
    "grant_returned": N_("grant returned"),
    "reversal": N_("reversal"),
    "merge": N_("merger of units"),
    "transfer": N_("transfer between units"),
}


def event_title(event: str) -> str:
    """What an event is called in the language in use."""
    return translate(TITLES.get(event, event))
