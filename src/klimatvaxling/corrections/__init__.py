"""Corrections: what was posted is never changed; a new voucher takes it back and points to it."""
