"""How much of a refused cell an error repeats: enough to find it, never a personal identity number."""

import re

_LONG_NUMBER = re.compile(r"\d{6,}(?:\s?[-+\u2010-\u2015\u2212]?\s?\d{4})?")
_MOST_CHARACTERS = 60


def shown(text: str) -> str:
    """`text` as an error may show it: digit runs as long as a personal identity number's are left out."""
    masked = _LONG_NUMBER.sub("…", text.strip())
    return masked if len(masked) <= _MOST_CHARACTERS else masked[:_MOST_CHARACTERS] + "…"
