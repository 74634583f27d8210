"""Watchlists: reading a folder with its CSV, checking it, enrolling it into a deployment's gallery."""
