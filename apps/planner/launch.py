"""How the planner's pages are started alone; no Streamlit is imported here."""

from __future__ import annotations

from pathlib import Path

from apps.screens import streamlit_command

__all__ = ["PORT", "command"]

PORT = 8504
"""Loopback; beside the other pages of staff."""


def command(port: int = PORT) -> list[str]:
    """The command of the pages on the loopback `port`, with the settings of the environment."""
    return streamlit_command(Path(__file__).with_name("app.py"), port)
