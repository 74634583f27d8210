"""Watchlist search: Milvus, and the exact numpy reference it is tested against."""
