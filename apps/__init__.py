"""What people touch: the `lfr` command line and the screens."""

import lfr_core  # noqa: F401  prepares the process before any other library is imported
