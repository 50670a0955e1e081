"""Measures (åtgärder): what a unit uses its own climate funds for, and what it should achieve."""
