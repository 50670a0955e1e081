"""Reports: what people read of the books."""
