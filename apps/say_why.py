"""Shows a part of a page, or says why it can't be shown: never what is no longer true."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from apps.plain_words import plain_words
from lfr_core.common.errors import LfrError

__all__ = ["not_current", "show_or_say_why"]


def not_current(error: LfrError) -> None:
    """Say why nothing is shown."""
    st.error(f"Nothing is shown, because it would not be current: {plain_words(str(error))}.")


def show_or_say_why(show: Callable[[], object]) -> None:
    """Draw what `show` draws, or why it can't be drawn."""
    try:
        show()
    except LfrError as error:
        not_current(error)
