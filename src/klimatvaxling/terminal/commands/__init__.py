"""The commands, by room. Each module lists its own as (path, summary, example, function)."""
