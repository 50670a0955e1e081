"""Verify the archive of a year with Python alone: python verify.py, in the unpacked folder or with the folder's name."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
# A page begins with these columns of the table trip; the columns kept from the supplier's file follow.
TRIP_COLUMNS = 11
CHARGE = ("id", "unit_id", "category", "rate_id", "booked_on", "is_amendment", "mirrors_id")
REVERSAL = ("trip_row_id", "charge_id", "sign")
QUARANTINE = ("row", "trip_id", "header", "cells", "complaints")
# What rows of these tables hold stands in files of their own.
CONTENTS = {
    "profile": "profiles",
    "factor_set": "factor-sets",
    "coding_plan": "coding-plans",
    "handover_file": "handovers",
}
# Of these the archive has the year's rows only.
OF_YEAR = ("voucher", "batch")
POSTING = ("account", "amount_ore", "charge_id", "co2_g", "lot_id", "unit_id")


def text(name: str) -> str:
    return (FOLDER / name).read_bytes().decode("utf-8")


def table(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(text(f"tables/{name}.json"))
    return rows


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8")).hexdigest()


def canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def require(truth: object, what: object) -> None:
    if not truth:
        sys.exit(f"{what} är inte som det arkiverades")


def files() -> None:
    """Every file is as it was written."""
    for line in text("SHA256SUMS").splitlines():
        digest, name = line.split("  ", 1)
        require(hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name)


def batches() -> dict[int, str]:
    """Pages make the digest of the trips, that and the rest of a batch make the batch's digest."""
    found = {}
    pages, charges, quarantined = table("batch_page"), table("charge"), table("quarantine")
    reversals = table("trip_reversal")
    for batch in table("batch"):
        key = batch["id"]
        digests = ""
        on_pages: list[tuple[list[str], list[str]]] = []
        for page in sorted((page for page in pages if page["batch_id"] == key), key=lambda page: int(page["number"])):
            content = text(page["file"])
            digests += sha256(content)
            columns = [line.split("\x1f") for line in content.split("\n")]
            names = [column[0] for column in columns]
            rows = zip(*(column[1:] for column in columns), strict=True)
            on_pages += [(names, [value.replace("\u2028", "\n") for value in row]) for row in rows]
        require(sha256(digests) == batch["trips_sha256"], f"tables/batch.json: {key}")
        trips = json.loads(text(f"trips/batch-{key:05d}.json"))
        require(len(trips) == len(on_pages), f"trips/batch-{key:05d}.json")
        for trip, (names, values) in zip(trips, on_pages, strict=True):
            kept = list(trip["cells"].values()) == values[TRIP_COLUMNS:]
            same = [str(trip[name]) for name in names[:TRIP_COLUMNS]] == values[:TRIP_COLUMNS]
            require(kept and same, f"trips/batch-{key:05d}.json: {trip['trip_id']}")
        content_of = {name: value for name, value in batch.items() if name != "sha256"}
        own = {row["id"] for row in charges if row["batch_id"] == key}
        taken_back = [[str(row[name]) for name in REVERSAL] for row in reversals if row["charge_id"] in own]
        listed = "".join(" ".join(row) + "\n" for row in taken_back)
        require(sha256(listed) == batch["reversals_sha256"], f"tables/trip_reversal.json: {key}")
        content_of["charges"] = [[row[name] for name in CHARGE] for row in charges if row["batch_id"] == key]
        content_of["quarantined"] = [
            [row[name] for name in QUARANTINE] for row in quarantined if row["batch_id"] == key
        ]
        require(sha256(canonical(content_of)) == batch["sha256"], f"tables/batch.json: {key}")
        found[key] = batch["sha256"]
    return found


def vouchers(batch_digests: dict[int, str]) -> dict[int, str]:
    """Every voucher of the year sums to zero and hashes to the value it states."""
    postings: dict[int, list[dict[str, Any]]] = {}
    for posting in sorted(table("posting"), key=lambda posting: int(posting["line"])):
        postings.setdefault(posting["voucher_id"], []).append(posting)
    lots = {lot["voucher_id"]: lot["lot_on"] for lot in table("lot")}
    found = {}
    for voucher in table("voucher"):
        lines = postings[voucher["id"]]
        content = {name: value for name, value in voucher.items() if name != "hash"}
        content["lot_on"] = lots.get(voucher["id"])
        content["postings"] = [{name: line[name] for name in POSTING} for line in lines]
        require(sum(line["amount_ore"] for line in lines) == 0, voucher["code"])
        require(sha256(canonical(content)) == voucher["hash"], voucher["code"])
        require(voucher["batch_sha256"] == batch_digests.get(voucher["batch_id"]), voucher["code"])
        found[voucher["id"]] = voucher["hash"]
    return found


def chain(book: dict[str, Any], of_year: dict[int, str]) -> None:
    """The year's vouchers stand in their chain, which is unbroken from its beginning."""
    previous, links = book["nonce"], json.loads(text("chain.json"))
    for link in links:
        require(link["previous_hash"] == previous, link["code"])
        require(of_year.pop(link["id"], link["hash"]) == link["hash"], link["code"])
        previous = link["hash"]
    require(len(links) == book["vouchers_in_chain"] and not of_year, "chain.json")


def register(book: dict[str, Any]) -> None:
    """Every entry is a link of the chain that ends with the head, and every row is as its entry says."""
    previous = book["nonce"]
    entries: dict[str, dict[int, str]] = {}
    for entry in table("registration"):
        what = f"tables/registration.json: {entry['id']}"
        content = {name: value for name, value in entry.items() if name != "hash"}
        require(entry["previous_hash"] == previous and sha256(canonical(content)) == entry["hash"], what)
        entries.setdefault(entry["table_name"], {})[entry["row_key"]] = entry["row_sha256"]
        previous = entry["hash"]
    require(previous == book["head"], "tables/registration.json")
    for name, registered in entries.items():
        # The first field is the key. Content that stands in a file of its own has its hash in the row.
        for row in table(name):
            key = next(iter(row.values()))
            content = {field: value for field, value in row.items() if value is not None}
            require(sha256(canonical(content)) == registered.pop(key, None), f"tables/{name}.json: {key}")
        require(name in OF_YEAR or not registered, f"tables/{name}.json: {list(registered)}")


def contents() -> None:
    """Profiles, factor sets, coding plans and files that were handed over are what their rows say."""
    for name, folder in CONTENTS.items():
        kept = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (FOLDER / folder).glob("*")]
        require(sorted(kept) == sorted(row["sha256"] for row in table(name)), f"{folder}/")


def main() -> None:
    book = json.loads(text("book.json"))
    files()
    found = vouchers(batches())
    count = len(found)
    require(count == book["vouchers_of_year"], "tables/voucher.json")
    chain(book, found)
    register(book)
    contents()
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print(f"Allt stämmer: {count} verifikationer från {book['year']}, kedjans slutvärde {book['head']}")


main()
