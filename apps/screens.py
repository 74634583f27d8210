"""Streamlit's options for our pages, and the command of one that needs no login; no Streamlit is imported here."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["streamlit_command", "streamlit_options"]

_THEMES = {
    "light": {
        "primaryColor": "#1d4ed8",
        "backgroundColor": "#eef2f8",
        "secondaryBackgroundColor": "#ffffff",
        "textColor": "#101828",
        "borderColor": "#cbd4e3",
    },
    "dark": {
        "primaryColor": "#7aa2ff",
        "backgroundColor": "#0a101d",
        "secondaryBackgroundColor": "#131d31",
        "textColor": "#e8eefc",
        "borderColor": "#2b3a57",
    },
}


def streamlit_options(port: int, hosts: Sequence[str]) -> dict[str, object]:
    """Return the options of a page on the loopback `port`, opened under one of the names `hosts`.

    Each is said, so that no `.streamlit` folder where somebody stands says another.
    """
    options: dict[str, object] = {
        "server.address": "127.0.0.1",
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.enableCORS": True,  # Streamlit's word for: pages of other origins are kept out
        "server.enableXsrfProtection": True,
        "server.allowedHosts": list(hosts),  # a name that was made to point here (DNS rebinding) isn't among them
        "server.corsAllowedOrigins": [],
        "server.trustedUserHeaders": "{}",  # who somebody is never comes from a header
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.baseUrlPath": "",
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",  # a traceback could show what it was about
        "client.showSidebarNavigation": False,
        "global.developmentMode": False,
        # A message this large never comes: nothing that holds a crop is kept to be sent again.
        "global.minCachedMessageSize": 1e12,
    }
    for theme, colours in _THEMES.items():
        options |= {f"theme.{theme}.{name}": value for name, value in colours.items()}
    return options


def streamlit_command(script: Path, port: int, hosts: Sequence[str], arguments: Sequence[str] = ()) -> list[str]:
    """Build the command of a page on the loopback `port`, opened under one of the names `hosts`.

    It is ready when `/_stcore/health` answers.
    """
    flags = [flag for name, value in streamlit_options(port, hosts).items() for flag in _flags(name, value)]
    own = ["--", *arguments] if arguments else []
    return [sys.executable, "-m", "streamlit", "run", str(script), *flags, *own]


def _flags(name: str, value: object) -> list[str]:
    if isinstance(value, list):
        return [f"--{name}={each}" for each in value]
    return [f"--{name}={value if isinstance(value, str) else json.dumps(value)}"]
