"""The whole schema, gathered from the rooms it belongs to, for migrations and their tests."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

import klimatvaxling.access.tables
import klimatvaxling.batches.tables
import klimatvaxling.coding.tables
import klimatvaxling.completeness.tables
import klimatvaxling.database.tables
import klimatvaxling.emissions.tables
import klimatvaxling.grants.tables
import klimatvaxling.handovers.tables
import klimatvaxling.ledger.tables
import klimatvaxling.measures.tables
import klimatvaxling.periods.tables
import klimatvaxling.policies.tables
import klimatvaxling.units.tables
import klimatvaxling.vehicles.tables  # noqa: F401 - importing a table registers it


def metadata() -> MetaData:
    """Every table of the program."""
    return SQLModel.metadata
