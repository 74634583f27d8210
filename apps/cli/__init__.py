"""The `lfr` command line. Command modules import what is light alone, the rest inside functions: help is quick."""
