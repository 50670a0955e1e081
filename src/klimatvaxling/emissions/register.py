"""The factor sets in the books, in their order of registration."""

import hashlib
from pathlib import Path

from sqlalchemy import Connection, text

from klimatvaxling.clock import Clock, stamp
from klimatvaxling.database.bulk import insert_rows, next_key
from klimatvaxling.emissions.factor import FactorSet
from klimatvaxling.emissions.factor_file import read_factor_set
from klimatvaxling.errors import InputRefused, Place, StateRefused
from klimatvaxling.language import N_
from klimatvaxling.typed import canonical


class FactorSetExists(StateRefused):
    """The set is registered in this version, with other content."""

    code = "KV-FACTOR-SET-EXISTS"
    message = N_("The factor set {name} {version} is already registered.")
    remedy = N_("A registered set never changes: give the corrected set a new version.")


class FactorFileMissing(InputRefused):
    """A factor set's file that is not there or cannot be read."""

    code = "KV-FACTOR-FILE-MISSING"
    message = N_("The factor set {file} cannot be read.")
    remedy = N_("Check the file's name and folder, and that you may read it.")


def factor_set_in(path: Path) -> FactorSet:
    """The factor set in a TOML file. Raises `FactorFileMissing` or what is wrong with the set."""
    try:
        content = path.read_bytes()
    except OSError:
        raise FactorFileMissing(file=path.name, place=Place(file=path.name)) from None
    return read_factor_set(content, file=path.name)


def register_set(connection: Connection, factor_set: FactorSet, *, clock: Clock, by: str) -> bool:
    """Put a set on record; False if it is there already. Raises `FactorSetExists` if it is there with other content."""
    digest = hashlib.sha256(factor_set.text.encode()).hexdigest()
    found = connection.execute(
        text("SELECT sha256 FROM factor_set WHERE name = :name AND version = :version"),
        {"name": factor_set.name, "version": factor_set.version},
    ).scalar()
    if found == digest:
        return False
    if found is not None:
        raise FactorSetExists(name=factor_set.name, version=factor_set.version)
    # The set's own row comes last: it seals the factors.
    key = next_key(connection, "factor_set")
    factors = [
        (
            key,
            factor.key,
            factor.measure,
            factor.unit,
            canonical(factor.g_per_unit),
            factor.source,
            factor.confidence,
        )
        for factor in factor_set.factors
    ]
    columns = ("factor_set_id", "key", "measure", "unit", "g_per_unit", "source", "confidence")
    insert_rows(connection, "factor", columns, factors)
    row = (key, factor_set.name, factor_set.version, factor_set.title, factor_set.text, digest, stamp(clock()), by)
    set_columns = ("id", "name", "version", "title", "content", "sha256", "registered_at", "registered_by")
    insert_rows(connection, "factor_set", set_columns, [row])
    return True


def registered_factors(connection: Connection) -> tuple[list[FactorSet], dict[tuple[str, str], int]]:
    """Every set on record, oldest registration first, and the key of each factor by set label and factor key."""
    sets = [
        read_factor_set(row.content) for row in connection.execute(text("SELECT content FROM factor_set ORDER BY id"))
    ]
    keys = {
        (f"{row.name} {row.version}", row.key): row.id
        for row in connection.execute(
            text("SELECT f.id, f.key, s.name, s.version FROM factor f JOIN factor_set s ON s.id = f.factor_set_id")
        )
    }
    return sets, keys
