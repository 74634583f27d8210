"""The operator's page: cameras and alerts, live; a person answers each."""
