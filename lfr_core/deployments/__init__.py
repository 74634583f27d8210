"""A deployment from application to closing: authority, documents, announcement, the gate's facts, live probe."""
