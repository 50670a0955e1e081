"""Batches: one import of one travel file, whole or not at all."""
