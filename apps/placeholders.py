"""Says, to whoever announces or answers for it, that the public site names no force yet, and who has to mend that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from lfr_core.domain.policy_sections import ForcePolicy

__all__ = ["placeholder_words", "warn_of_placeholders"]

_CALLED: Final[Mapping[str, str]] = {
    "name": "the force's name",
    "enquiries": "where to ask",
    "complaints": "where to complain",
    "appeals": "who reviews a complaint",
    "data_protection": "the data protection officer",
}


def placeholder_words(force: ForcePolicy) -> str:
    """Say what the policy doesn't name yet, what the public sees instead, and who sets it where; "" if all is set."""
    missing = [_CALLED[each] for each in force.placeholders]
    if not missing:
        return ""
    named = ", ".join(missing[:-1]) + (" and " if len(missing) > 1 else "") + missing[-1]
    return (
        f"The public site isn't published: it is a draft that nobody signed, because the policy doesn't say {named} "
        "yet (the draft says in each place that the force hasn't given it). Whoever runs the system fills that in, in "
        "the section “force” of the force's policy file, and starts the platform anew. Do that before you announce."
    )


def warn_of_placeholders(force: ForcePolicy) -> None:
    """Say it on a page, in a place that is always there."""
    words = placeholder_words(force)
    with st.container():
        if words:
            st.warning(words)
