"""The set of books: how it begins."""
