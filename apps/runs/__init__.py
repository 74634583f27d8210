"""Runs: a system of its own, started for one deployment, played through, measured and taken down."""
