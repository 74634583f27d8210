"""From sightings to decisions: recording, the accounting of frames, what screens read, expiry, evidence."""
