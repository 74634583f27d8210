"""What people start and see: the `lfr` command line, the pages, the supervisor and its processes."""

import lfr_core  # noqa: F401  prepares the process before any other library is imported
