"""What happens per frame: cameras, topics, the broker, Faust workers."""

import lfr_core  # noqa: F401  prepares the process before any other library is imported
