"""What every context builds on: errors, clock, settings, logs, files, checks of data. It knows nothing of faces."""
