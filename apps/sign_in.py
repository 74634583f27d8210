"""Who uses a session of the staff's pages: logged in with Streamlit's login, looked up anew at each drawing.

Nothing is drawn for anybody else. Who is revoked, is given other roles or is logged out elsewhere is out at the next
drawing, and on a page that stands still within `CHECK_S`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Final, NoReturn

import streamlit as st

from apps.acts import BY_ITSELF, stay_in_sight
from apps.plain_words import plain_sentence, plain_words
from apps.pressed import draw_button
from apps.staff.pages import pages_of
from apps.staff.place import forget_place, note_place
from apps.typed.store import KEPT_H
from apps.uploaded_files import forget_uploads
from lfr_core.common.errors import LfrError, Refused
from lfr_core.custody.identity.page_sessions import SIGNED, PageSessions
from lfr_core.custody.people.roles import AuthenticatedPerson, Role

__all__ = ["CHECK_S", "DRAWN_FOR", "PageSession", "draw_person", "logged_in", "may_see", "redraw", "watch_login"]

CHECK_S: Final = 10.0
"""Seconds after which a page that nobody touches looks whether its person is still in."""
DRAWN_FOR: Final = "drawn-for"
"""Key of the session's state for whom its page was drawn: their roles, or why it was for nobody."""
_BY_ITSELF: Final = "drawn-by-itself"
"""Key of the session's state while the page is drawn anew without anybody having done anything."""
_PICTURES: Final = ("alerts", "officer-pictures")
_HELD: Final = (*_PICTURES, "receipt", "officer-receipt", "rights-opened", "act-result", "typed-choices")
"""Keys of the session's state for what somebody has opened: it stays there while the tab is open, whoever is there."""
_WHAT_TO_DO = {
    "login.none": "",
    "identity.unknown": "Compliance registers people and links their accounts.",
    "identity.ended": "Compliance can link another account.",
    "people.revoked": "Compliance can register you again.",
}


@dataclass(frozen=True, slots=True)
class PageSession:
    """One session of the pages and whoever is logged in there."""

    person: AuthenticatedPerson
    """As found when the page was drawn."""
    use: Callable[[], AuthenticatedPerson]
    """Find the person anew, who has just done something. Raises as `PageSessions.use`."""
    log_out: Callable[[], None]
    """End all their sessions. Raises as `PageSessions.end`."""
    holders: Callable[[Role], tuple[str, ...]]
    """Name those who hold a role. Raises Retryable."""


def logged_in(sessions: PageSessions, log_in: Callable[[], None]) -> PageSession | None:
    """Find who uses this session of the pages, or draw what they can do about it and return None.

    Args:
        sessions: of all who use the pages.
        log_in: sends the browser to the identity provider. Raises LfrError where that can't be reached.
    """
    claims = _claims()
    st.session_state[DRAWN_FOR] = _find_roles(sessions, claims)
    try:
        by_itself = st.session_state[BY_ITSELF] = st.session_state.pop(_BY_ITSELF, False)
        person = sessions.find(claims) if by_itself else sessions.use(claims)
    except LfrError as error:
        _draw_refusal(error, log_in)
        return None
    forget_place()
    return PageSession(person, lambda: sessions.use(claims), lambda: sessions.end(claims), sessions.holders)


def watch_login(sessions: PageSessions) -> None:
    """Look from now on by itself whether who was found by `logged_in` is still in.

    Called once the browser was told which page this is: what refreshes by itself before names another one, and the
    browser would take all off the page that it doesn't know that one by.
    """
    _watch(sessions, _claims())


def _claims() -> dict[str, object]:
    return {**st.user.to_dict(), SIGNED: st.user.tokens.get("id", "")}


def redraw() -> NoReturn:
    """Draw the whole page anew because of what somebody else did, or what has ended: it is no use of the session."""
    st.session_state[_BY_ITSELF] = True
    st.rerun()


def draw_person(session: PageSession, before: Callable[[], None] = lambda: None) -> None:
    """Draw who is logged in, and the way out. `before`: what is ended first."""
    roles = _listed(session.person.roles, ", ")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        st.html(f'<p class="lfr-who"><strong>{escape(session.person.name)}</strong> {escape(roles)}</p>')
        if draw_button("Log out", key="log-out", help="Everywhere: other pages and terminals too."):
            _log_out(session, before)


def may_see(session: PageSession, roles: Collection[Role]) -> bool:
    """Return whether the page is for this person; if not, say for whom it is and what they can do, and no more."""
    held = session.person.roles
    if held & set(roles):
        return True
    _forget_pictures()
    st.error(f"This page is for the role {_listed(roles, ' or ')}; yours: {_listed(held, ', ')}.")
    st.text(f"Roles are given by compliance{_named(session)}. If this isn't you, log out above.")
    links = "".join(f'<li><a href="{each.path}">{escape(each.title)}</a></li>' for each in pages_of(held))
    st.html(f"<p>Your pages:</p><ul>{links}</ul>")
    return False


def _listed(roles: Collection[Role], between: str) -> str:
    return between.join(role.value for role in Role if role in roles)


def _named(session: PageSession) -> str:
    try:
        names = session.holders(Role.COMPLIANCE)
    except LfrError:
        return ""
    return f" ({', '.join(names)})" if names else ""


def _log_out(session: PageSession, before: Callable[[], None]) -> None:
    try:
        before()
        session.log_out()
    except Refused:
        pass  # they are out already
    except LfrError as error:
        st.error(f"You are logged out on these pages, but not at terminals: {plain_words(str(error))}.")
        return
    st.logout()


def _draw_refusal(error: LfrError, log_in: Callable[[], None]) -> None:
    _forget_pictures()
    note_place()
    st.html("<h1>OpenLFR</h1>")
    if not isinstance(error, Refused):
        st.error(f"Nothing is shown, because it isn't known who is there: {plain_words(str(error))}.")
        return
    if error.rule != "login.none":
        st.error(f"{plain_sentence(str(error))} {_WHAT_TO_DO.get(error.rule, '')}".strip())
    st.text("Log in with your own account to see the pages of your role.")
    if draw_button("Log in", key="log-in"):  # a primary one has too little contrast in the dark
        try:
            log_in()
        except LfrError as away:
            st.error(plain_sentence(str(away)))


def _forget_pictures() -> None:
    for name in _HELD:
        st.session_state.pop(name, None)
    forget_uploads()


def _sweep_pictures() -> None:
    """Have pictures go at their time, whichever page is shown meanwhile."""
    for name in _PICTURES:
        if (held := st.session_state.get(name)) is not None:
            held.sweep()


def _find_roles(sessions: PageSessions, claims: Mapping[str, object]) -> frozenset[Role] | str:
    """Find what whoever is logged in may do now; why nobody is, where nobody is."""
    try:
        return sessions.find(claims).roles
    except LfrError as error:
        return getattr(error, "rule", "away")


@st.fragment(run_every=CHECK_S)
def _watch(sessions: PageSessions, claims: Mapping[str, object]) -> None:
    """Draw the whole page anew when somebody is in or out now, or may do other things, than when it was drawn."""
    if _find_roles(sessions, claims) != st.session_state.get(DRAWN_FOR):
        redraw()
    _sweep_pictures()
    with stay_in_sight("-session"):
        warn_of_the_end(sessions, claims)


def warn_of_the_end(sessions: PageSessions, claims: Mapping[str, object]) -> None:
    """Say when a session is about to end: that nobody uses, or whose time is over."""

    def stay() -> None:
        with suppress(LfrError):  # it has ended: the next look says so
            sessions.use(claims)

    try:
        if not sessions.is_about_to_end(claims):
            return
    except LfrError:
        return
    st.warning(
        "You are about to be logged out: nothing has been done here for a while, or your login's time is over. What is "
        f"typed or chosen and not sent is kept: log in again within {KEPT_H} hours, and it stands where it stood."
    )
    st.button("Stay logged in", key="stay-logged-in", on_click=stay)
