"""Draws a page anew by itself where what it was drawn of has changed, as when another person has approved something."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Final

import streamlit as st

from apps.sign_in import redraw
from lfr_core.common.errors import LfrError

__all__ = ["watch"]

_LOOK_S: Final = 5.0
"""[proposal] Of two people who act one after the other, the first sees the second's act within so long."""


def watch(read: Callable[[], Hashable], drawn: Hashable) -> None:
    """Look by itself whether `read` returns something else than `drawn`, and draw the whole page anew then.

    Drawn last: the look that comes with the page's own drawing is none, which would cut that short.

    Args:
        read: what is watched, or a part of it that changes with it. May raise LfrError: then nothing is known.
        drawn: what that was just before the page's part was drawn.
    """
    _look(read, drawn, [True])


@st.fragment(run_every=_LOOK_S)
def _look(read: Callable[[], Hashable], drawn: Hashable, is_new: list[bool]) -> None:
    if is_new:
        is_new.clear()
        return
    with suppress(LfrError):
        if read() != drawn:
            redraw()
