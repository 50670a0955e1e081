"""Policies: the decided rules of the scheme as dated data, the fee's rate among them."""
