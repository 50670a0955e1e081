"""Lots: the fees of one charge voucher, to be used within a year."""
