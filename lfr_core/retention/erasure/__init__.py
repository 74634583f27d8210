"""Proof of deletion: canaries, the search for them in every store, and signed certificates."""
