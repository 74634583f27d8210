"""The view of enquiries over the records and the vault of some settings; no Streamlit is imported here."""

from __future__ import annotations

from apps.auditing import trail_for
from apps.rights.view import RightsView
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.vault.client import vault_client
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine

__all__ = ["rights_view"]


def rights_view(settings: Settings) -> RightsView:
    """Nothing is connected until something is asked. Raises Fatal: the policy can't be read."""
    return RightsView(
        open_engine(settings.records_url),
        load_policy(settings.policy_file),
        vault_client(settings),
        trail_for(settings),
        SystemClock(),
    )
