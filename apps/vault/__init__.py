"""The vault's process, a child of `lfr up`."""
