"""Charges: what a unit pays for a category of travel at one rate, in one batch."""
