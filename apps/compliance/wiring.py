"""Compliance's view over the records of some settings; no Streamlit is imported here."""

from __future__ import annotations

from apps.compliance.view import ComplianceView
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine

__all__ = ["compliance_view"]


def compliance_view(settings: Settings) -> ComplianceView:
    """Nothing is connected until something is asked. Raises Fatal: the policy can't be read."""
    policy = load_policy(settings.policy_file)
    return ComplianceView(open_engine(settings.records_url), policy, SystemClock(), settings.home)
