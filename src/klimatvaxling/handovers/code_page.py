"""Code page 437, which SIE is written in (`#FORMAT PC8`), and what stands for letters and signs it does not have."""

import unicodedata
from functools import lru_cache

# Documented in docs/handover.md. What is not here and has no plain form becomes a question mark.
SUBSTITUTES = {
    "\u00a0": " ", "\u202f": " ", "\u2007": " ", "\u2009": " ",
    "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "―": "-", "−": "-",
    "“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "‚": "'", "´": "'",
    "€": "EUR", "§": "par.", "©": "(c)", "®": "(R)", "×": "x", "•": "-", "‰": "o/oo", "→": "->", "←": "<-",
    "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ł": "l", "Ł": "L", "þ": "th", "Þ": "Th", "œ": "oe",
    "Œ": "OE", "ı": "i",
    # Signs of the format itself: readers disagree on what they mean inside quotes.
    "\\": "/", "{": "(", "}": ")",
}  # fmt: skip
UNKNOWN = "?"
SIGNS_OF_THE_FORMAT = frozenset("\\{}")


@lru_cache(maxsize=10_000)  # the same codes and names come over and over
def in_code_page(text: str) -> str:
    """The text with what the code page lacks replaced, on one line, without control characters."""
    if text.isascii() and text.isprintable() and SIGNS_OF_THE_FORMAT.isdisjoint(text):
        return text
    return "".join(map(_letter, unicodedata.normalize("NFC", text)))


def encoded(text: str) -> bytes:
    """The text's bytes; it has been through `in_code_page`."""
    return text.encode("cp437")


def _letter(letter: str) -> str:
    if letter in SUBSTITUTES:
        return SUBSTITUTES[letter]
    if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp"):
        return " " if letter.isspace() else ""
    if _has(letter):
        return letter
    # The letter without its accent, a subscript as a figure: CO₂ becomes CO2.
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return "".join(part if _has(part) else SUBSTITUTES.get(part, UNKNOWN) for part in plain) or UNKNOWN


def _has(letter: str) -> bool:
    try:
        letter.encode("cp437")
    except UnicodeEncodeError:
        return False
    return letter.isprintable()
