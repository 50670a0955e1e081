"""Vehicles (fordon): which unit a car or a fuel card belongs to, and what it runs on, on each day."""
