"""Opens the installation that a flow runs on: its settings, its log, its clock."""

from __future__ import annotations

from flows.clock import current_clock
from lfr_core.common.logs import configure_logs
from lfr_core.common.settings import load_settings
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["open_for_flow"]


def open_for_flow() -> Installation:
    """Open what the environment names, as the flows' process. Raises Fatal: a setting is unusable."""
    settings = load_settings()
    configure_logs(settings.log_level)
    return Installation(settings, identity=ProcessIdentity.FLOWS, clock=current_clock())
