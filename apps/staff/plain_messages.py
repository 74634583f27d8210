"""Has what pages say be shown as it is written: Streamlit reads it as Markdown.

A name, a reason or a place that somebody typed would be a link to elsewhere in it, or be gone.
"""

from __future__ import annotations

import re

from streamlit.elements import alert, heading, markdown
from streamlit.string_util import clean_text

__all__ = ["as_written", "show_messages_as_written"]


def show_messages_as_written(own: str) -> None:
    """Have it so from now on. `own`: the beginning of our own addresses, which are links."""
    for module in (alert, heading, markdown):
        module.clean_text = lambda body: as_written(clean_text(body), own)  # type: ignore[attr-defined]  # it has no setting for it


def as_written(text: str, own: str) -> str:
    """Write a text in Markdown so that a browser shows just this text.

    The browser's part makes a link of whatever begins as an address: a sign that nobody sees (U+2060) keeps it from
    that.
    """

    def write(met: re.Match[str]) -> str:
        if met["own"]:
            return f"<{met['own']}>"
        return f"\\{met[0]}" if met["mark"] else f"{met[0]}\u2060"

    parts = rf"(?P<own>{re.escape(own)}[^\s<>]*)|(?P<mark>[\\`*_\[\]<>#~$|])|(?i:\bwww(?=\.)|https?:(?=//))"
    return re.sub(parts, write, text)
