"""Alerts: from sightings to decisions, what screens read of them, and when they go."""
