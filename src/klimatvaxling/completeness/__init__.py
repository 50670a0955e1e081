"""Completeness: which unit's travel each source has delivered, month by month, and what is missing."""
