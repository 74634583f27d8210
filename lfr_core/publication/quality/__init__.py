"""Checks of published tables, ours and other forces': reading them, the rules, the findings, the report."""
