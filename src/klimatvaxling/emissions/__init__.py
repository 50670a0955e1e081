"""Emissions: dated factor sets, airports, and the grams of fossil CO2 of a trip by the best evidence."""
