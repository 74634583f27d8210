"""The vault's process."""
