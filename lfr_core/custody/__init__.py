"""Custody: keys and the process that lends them, the audit trail, and who may do what."""
