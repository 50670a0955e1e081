"""The digest of a batch: what its vouchers hold in their canonical form, and so the chain.

It covers everything a batch consists of: its own row, its charge lines, its pages and its quarantined rows.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from klimatvaxling.canonical import canonical_json, sha256_of


def pages_digest(page_digests: Sequence[str]) -> str:
    """The SHA-256 over the digests of the pages, written one after the other in hexadecimal."""
    return hashlib.sha256("".join(page_digests).encode()).hexdigest()


def reversals_digest(reversals: Iterable[Sequence[int]]) -> str:
    """The SHA-256 over a line for each trip taken back or restored: trip row, charge line and sign, a space between."""
    digest = hashlib.sha256()
    for reversal in reversals:
        digest.update(f"{reversal[0]} {reversal[1]} {reversal[2]}\n".encode())
    return digest.hexdigest()


def batch_digest(
    facts: Mapping[str, object], charges: Sequence[Sequence[object]], quarantined: Sequence[Sequence[object]]
) -> str:
    """The SHA-256 of the batch as JSON with sorted keys, no white space, UTF-8.

    `facts` are the columns of the batch's row with its key and without this digest; `charges` are key, unit, category,
    rate, booking date, whether it amends, and the line it undoes, of each charge line in order of key; `quarantined`
    are row, header, cells and complaints.
    """
    content = {**facts, "charges": [list(row) for row in charges], "quarantined": [list(row) for row in quarantined]}
    return sha256_of(canonical_json(content))
