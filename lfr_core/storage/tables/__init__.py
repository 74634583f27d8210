"""The tables of the records, a module for each context."""
