"""The terminal at the edge: commands, help, tables, messages."""
