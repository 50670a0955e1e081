"""Grants from the shared fund: from application to final report."""
