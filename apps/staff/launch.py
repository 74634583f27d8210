"""Builds the command that starts the staff's app; no Streamlit is imported here."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from lfr_core.common.settings import Settings

__all__ = ["command", "health_address"]


def command(deployment: str | None = None) -> list[str]:
    """Build the command of the pages; their settings come from the environment.

    Without `deployment` the operator's page shows the live one, or the newest.
    """
    arguments = ["--deployment", deployment] if deployment else []
    return [sys.executable, "-m", "apps.staff", *arguments]


def health_address(settings: Settings) -> str:
    """Return where the pages answer once they are ready."""
    base = urlsplit(settings.page_url).path.rstrip("/")
    return f"http://127.0.0.1:{settings.operator_port}{base}/_stcore/health"
