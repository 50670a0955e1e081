"""The ledger: vouchers, their postings, the chain that binds them, and the checks."""
