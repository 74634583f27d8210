"""CCTV of a deployment, sealed in segments, kept for as long as the promise says and no longer."""
