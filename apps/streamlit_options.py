"""Streamlit's options for our pages; no Streamlit is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = ["LOOPBACK", "streamlit_options"]

LOOPBACK: Final = "127.0.0.1"
"""The supervisor asks there whether a page is alive; no name can be made to point at a number."""

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
        "server.address": LOOPBACK,
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
        # One drawing of a page at a time: else one that is being ended lets the presses of the next go unheard.
        "runner.fastReruns": False,
        "runner.magicEnabled": False,  # else the words beside a value of a page's file stand on the page
        # A message this large never comes: nothing that holds a crop is kept to be sent again.
        "global.minCachedMessageSize": 1e12,
    }
    for theme, colours in _THEMES.items():
        options |= {f"theme.{theme}.{name}": value for name, value in colours.items()}
    return options
