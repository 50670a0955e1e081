"""Handovers (överlämningar): what leaves for the accounting system and the invoicing system, once and on record."""
