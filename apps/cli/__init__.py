"""The `lfr` command line. Command modules import typer and this package alone; the rest inside functions."""
