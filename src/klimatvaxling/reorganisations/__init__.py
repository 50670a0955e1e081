"""Reorganisations (organisationsförändringar): units merged, and funds that move between units with their ages."""
