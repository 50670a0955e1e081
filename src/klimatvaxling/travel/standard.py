"""The columns every source is brought to before anything is judged."""

COLUMNS = (
    "trip_id",
    "date",
    "unit",
    "category",
    "fuel",
    "distance_km",
    "fuel_quantity",
    "route",
    "co2_fossil_kg",
    "cost_centre",
    "project",
    "note",
    "vehicle",
)
REQUIRED = COLUMNS[:4]
# What a file with standard columns has. A vehicle, whose unit and fuel the register knows, is for suppliers' files.
OF_FILES = COLUMNS[:12]
# Written into rejected-rows workbooks by us, ignored when they are imported again.
REJECTED_REASON = "rejected_reason"
EVIDENCE_COLUMNS = ("co2_fossil_kg", "fuel_quantity", "distance_km", "route")
STATED_BASIS = "fossil_co2"
