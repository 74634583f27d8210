"""The promise ledger: each sentence of the public promise, bound to a check that reads the real state and can fail."""
