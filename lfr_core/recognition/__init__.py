"""The pure service behind the `recognise` agent: frames in, sightings and outcomes out."""
