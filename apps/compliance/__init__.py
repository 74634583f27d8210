"""Compliance: data-quality reports, certificates, the ledger."""
