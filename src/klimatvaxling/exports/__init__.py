"""What leaves the program: files for other readers and other systems. Exports only read the books."""
