"""Puts a drawing onto a page as a picture: Streamlit takes SVG out of a page's HTML without a word."""

from __future__ import annotations

import base64
from html import escape
from typing import Final

__all__ = ["drawing_html", "picture_html"]

_COLOURS: Final = (
    ":root{color-scheme:light dark;--text:light-dark(#101828,#e8eefc);--muted:light-dark(#475467,#a5b4d0);"
    "--line:light-dark(#cbd4e3,#2b3a57);--accent:light-dark(#1d4ed8,#7aa2ff);--warn:light-dark(#8a4b00,#fbbf55);"
    "color:var(--text);font-family:system-ui,sans-serif}"
)
"""As the pages' own style sheets have them, which don't reach into a picture."""


def drawing_html(parts: str, *, width: int, height: int, words: str, style: str = "") -> str:
    """Return the picture of a drawing.

    Args:
        parts: the elements within the SVG's root, whose unit is a pixel of `width` x `height`.
        width: of the drawing, which the picture takes where there is room; it shrinks with the page.
        height: of the drawing.
        words: what it shows, for whoever hears the page.
        style: rules for `parts`, beside the pages' colours (`--text`, `--muted`, `--line`, `--accent`, `--warn`).
    """
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"<style>{_COLOURS}{style}</style>{parts}</svg>"
    )
    return picture_html(svg, words, width=width)


def picture_html(svg: str, words: str, *, width: int | None = None) -> str:
    """Return a whole SVG as a picture, `width` pixels wide if that is said; `words` are what it shows."""
    data = base64.b64encode(svg.encode()).decode("ascii")
    wide = "" if width is None else f' width="{width}"'
    return f'<img src="data:image/svg+xml;base64,{data}"{wide} alt="{escape(words, quote=True)}">'
