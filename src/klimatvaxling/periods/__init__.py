"""Periods: months that are closed to postings, in order, and opened again with a reason."""
