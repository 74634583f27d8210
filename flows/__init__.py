"""What happens at a time, once per deployment: Prefect flows, one module each, and the process that serves them."""

import lfr_core  # noqa: F401  prepares the process before any other library is imported
