"""Builds the command that starts a Streamlit page; no Streamlit is imported here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["streamlit_command"]

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


def streamlit_command(script: Path, port: int, hosts: Sequence[str], arguments: Sequence[str] = ()) -> list[str]:
    """Build the command of a page on the loopback `port`, opened under one of the names `hosts`.

    It is ready when `/_stcore/health` answers.
    """
    options = {
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.enableCORS": "true",  # Streamlit's word for: pages of other origins are kept out
        "server.enableXsrfProtection": "true",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",  # a traceback could show what it was about
        "client.showSidebarNavigation": "false",
        "global.developmentMode": "false",
        # A message this large never comes: nothing that holds a crop is kept to be sent again.
        "global.minCachedMessageSize": "1000000000000",
    }
    for theme, colours in _THEMES.items():
        options |= {f"theme.{theme}.{name}": value for name, value in colours.items()}
    flags = [f"--{name}={value}" for name, value in options.items()]
    # a name that was made to point here (DNS rebinding) isn't among them
    flags += [f"--server.allowedHosts={host}" for host in hosts]
    own = ["--", *arguments] if arguments else []
    return [sys.executable, "-m", "streamlit", "run", str(script), *flags, *own]
