"""Frames in, sightings and outcomes out: faces, tracks, galleries, and the service behind the `recognise` agent."""
