"""Builds the command that starts the staff's app; no Streamlit is imported here."""

from __future__ import annotations

from pathlib import Path

from apps.screens import streamlit_command
from lfr_core.common.settings import Settings

__all__ = ["command"]


def command(settings: Settings, deployment: str | None = None) -> list[str]:
    """Build the command of the page on `settings.operator_port`, loopback only.

    Without `deployment` the page shows the live one, or the newest. It is ready when
    `/_stcore/health` answers.
    """
    arguments = ["--deployment", deployment] if deployment else []
    return streamlit_command(Path(__file__).with_name("app.py"), settings.operator_port, settings.page_hosts, arguments)
