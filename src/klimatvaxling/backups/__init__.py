"""Backups: verified copies of the books, and putting one back."""
