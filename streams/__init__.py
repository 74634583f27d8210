"""The stream: topics, camera producers, Faust workers."""

import lfr_core  # noqa: F401  prepares the process before any other library is imported
