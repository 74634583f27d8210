"""The publication officer's page: what waits, what would be published, publish, correct, explain."""
