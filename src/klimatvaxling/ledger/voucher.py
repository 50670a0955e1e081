"""The voucher (verifikation): what it states, its canonical form, and its place in the chain.

LKBR 2018:597 3:8 and BFL 5:6-7: a voucher states when it was compiled, when the event took place, what it concerns,
the amount, the counterpart, and has a number in an unbroken series.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from klimatvaxling.canonical import canonical_json

ADMINISTRATIONS = "A"
COMPANIES = "B"
RESERVATIONS = "R"


@dataclass(frozen=True)
class Posting:
    """One line. `unit_id` None is the municipality as a whole.

    `lot_id` on own funds is the lot that moves, and None a debt; on the shared fund it is the lot the money came from.
    """

    account: str
    amount_ore: int
    unit_id: int | None = None
    lot_id: int | None = None
    charge_id: int | None = None
    co2_g: int | None = None


@dataclass(frozen=True)
class VoucherDraft:
    """A voucher before it has a number. `opens_lot_on` makes it a lot of `lot_unit_id` from that ISO date.

    `application_id` is the grant it concerns.
    """

    series: str
    booked_on: str
    event: str
    description: str
    postings: tuple[Posting, ...]
    evidence: str = ""
    corrects_id: int | None = None
    batch_id: int | None = None
    batch_sha256: str | None = None
    application_id: int | None = None
    lot_unit_id: int | None = None
    opens_lot_on: str | None = None


@dataclass(frozen=True)
class Voucher:
    """A voucher as posted. `id` is its place in the chain, `code` its number as people write it."""

    id: int
    code: str
    series: str
    fiscal_year: int
    number: int
    booked_on: str
    registered_at: str
    event: str
    description: str
    made_by: str
    evidence: str
    corrects_id: int | None
    batch_id: int | None
    batch_sha256: str | None
    application_id: int | None
    nonce: str
    previous_hash: str


def lot_opened_by(index: int) -> int:
    """Stands for the lot that draft number `index` (from 0) of the same posting opens, until the door gives it its key."""
    return -index - 1


def canonical(voucher: Voucher, postings: Sequence[Posting], lot_on: str | None) -> bytes:
    """The bytes that are hashed: JSON with sorted keys, no white space, UTF-8, postings in line order.

    Every column of the voucher except its own hash is in it, with the date of the lot it opened, if any. An auditor
    can write the same bytes with any tool (docs/chain.md).
    """
    content = vars(voucher) | {"lot_on": lot_on, "postings": [vars(posting) for posting in postings]}
    return canonical_json(content)
