"""Klimatväxling: the ledger behind the internal climate exchange of Swedish municipalities."""

__version__ = "0.1.0"
