"""How the operator's page is started; no Streamlit is imported here."""

from __future__ import annotations

import sys
from pathlib import Path

from lfr_core.settings import Settings

__all__ = ["command"]

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


def command(settings: Settings, deployment: str | None = None) -> list[str]:
    """The command of the page on `settings.operator_port`, loopback only.

    Without `deployment` the page shows the live one, or the newest. It is ready when
    `/_stcore/health` answers.
    """
    options = {
        "server.address": "127.0.0.1",
        "server.port": str(settings.operator_port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
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
    arguments = ["--", "--deployment", deployment] if deployment else []
    return [sys.executable, "-m", "streamlit", "run", str(Path(__file__).with_name("app.py")), *flags, *arguments]
