"""Signs people in on staff's pages: a registered name with a fitting role, looked up anew at each drawing.

It isn't a login (docs/decisions/0010): the name is believed. Who is revoked, or loses the role, is out at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from html import escape

import streamlit as st
from sqlalchemy import Engine

from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import Person, Role
from lfr_core.domain.actors import person_name
from lfr_core.storage.engine import reading

__all__ = ["registered", "signed_in"]


def registered(engine: Engine, name: str, roles: Collection[Role]) -> Person:
    """Find the person of that name, who may act in one of `roles`. Raises Refused `actor.not-a-person`, `people.*`."""
    with reading(engine) as session:
        return acting(session, person_name(name), roles)


def signed_in(page: str, look_up: Callable[[str], Person]) -> Person | None:
    """Find who uses this session of `page`, or draw the form that asks and return None.

    Args:
        page: a word, of letters; sign-ins of two pages don't mix.
        look_up: raises Refused for whom the page isn't.
    """
    kept = f"{page}-who"
    name = str(st.session_state.get(kept, ""))
    if name:
        try:
            person = look_up(name)
        except Refused as refused:
            st.session_state[kept] = ""
            st.error(f"{refused}. Compliance registers people.")
        except LfrError as error:
            st.error(str(error))
            return None
        else:
            roles = ", ".join(role.value for role in Role if role in person.roles)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.html(f'<p class="pln-who"><strong>{escape(person.name)}</strong> {escape(roles)}</p>')
                st.button("Sign out", key=f"{page}-out", on_click=st.session_state.clear)
            return person
    with st.form(f"{page}-sign-in", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        typed = st.text_input("Your name", key=f"{page}-name", max_chars=100, placeholder="As it is registered")
        if st.form_submit_button("Sign in", type="primary") and typed.strip():
            st.session_state[kept] = " ".join(typed.split())
            st.rerun()
    return None
