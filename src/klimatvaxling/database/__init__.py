"""The database at the edge: connections, tables, migrations."""
