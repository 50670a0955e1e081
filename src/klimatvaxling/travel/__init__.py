"""Travel data as it arrives: files, source profiles, and what of them is kept."""
