"""Exports: what leaves the program as files. They only read the books."""
