"""What people touch: the `lfr` command line and the screens."""
