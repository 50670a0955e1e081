"""What the ledger's events are called in the language in use."""

from klimatvaxling.language import N_, translate

_TITLES = {
    "charge": N_("Fee"),
    "amendment": N_("Corrected fee"),
    "undo": N_("Import undone"),
    "measure": N_("Own measure"),
    "sweep": N_("To the shared fund"),
    "appropriation": N_("Budget money in"),
    "appropriation_returned": N_("Budget money back"),
    "grant_approved": N_("Grant reserved"),
    "grant_released": N_("Grant released"),
    "grant_paid": N_("Grant paid"),
    "grant_returned": N_("Grant returned"),
    "opening": N_("Opening amount"),
    "reversal": N_("Reversal"),
    "merge": N_("Merger"),
    "transfer": N_("Transfer"),
}


def event_title(event: str) -> str:
    """An event's title; one without a title is shown as it is."""
    return translate(_TITLES.get(event, event))
