"""Coding (kontering): how the municipality's own plan of accounts takes each event, as registered configuration."""
