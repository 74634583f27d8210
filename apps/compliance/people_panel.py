"""The register of people, edited on compliance's page: register, give other roles or another name, revoke."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from apps.acts import act, form_key
from apps.compliance import panels
from apps.compliance.actions import ComplianceActions
from apps.kept_tabs import draw_kept_tabs
from apps.pressed import draw_submit
from apps.sign_in import PageSession
from apps.tables import text_table_html
from apps.typed.choices import choose_one, choose_or_none, choose_several, tick
from apps.typed.keeper import typed_form
from lfr_core.common.errors import Refused
from lfr_core.custody.people import Person, Rank, Role
from lfr_core.custody.people.roles import SERVICE_ROLES

__all__ = ["draw"]

_ROLES = [role for role in Role if role not in SERVICE_ROLES]


def draw(actions: ComplianceActions, session: PageSession) -> None:
    """List everybody; for compliance with the forms that change the register."""
    people = actions.people(by=session.person)
    heads = ("Name", "Roles", "Rank", "Since", "Revoked")
    st.html(text_table_html(heads, [_row(each) for each in people], words="People", empty="Nobody."))
    with st.container():
        if several := actions.several_accounts():
            counted = ", ".join(f"{name} ({count})" for name, count in several.items())
            st.warning(
                f"More than one account: {counted}. Each account acts as the same person; see that each is needed."
            )
    if Role.COMPLIANCE not in session.person.roles:
        return
    add, account, change, rename, revoke = draw_kept_tabs(
        ["Register somebody", "Account and password", "Give other roles", "Rename", "Revoke"], "people-part"
    )
    known = {each.name: each for each in people if each.may_act and not each.roles & SERVICE_ROLES}
    names = list(known)
    with add:
        _add(actions, session)
    with account:
        _account(actions, session, names)
    with change:
        _change(actions, session, known)
    with rename:
        _rename(actions, session, names)
    with revoke:
        _revoke(actions, session, names)


def _row(person: Person) -> Sequence[str]:
    roles = ", ".join(role.value for role in Role if role in person.roles)
    revoked = "" if person.revoked_at is None else panels.london(person.revoked_at)
    before = f" (before: {', '.join(person.former_names)})" if person.former_names else ""
    return person.name + before, roles, person.rank_in_words, panels.london(person.added_at), revoked


def _add(actions: ComplianceActions, session: PageSession) -> None:
    with typed_form(form_key("people-add")) as form:
        name = st.text_input("Name, with the collar number if two share it")
        roles = choose_several("Roles", _ROLES, f"{form}-roles", words=_word)
        rank = choose_one("Rank", list(Rank), f"{form}-rank", words=_word)
        again = tick("It is the same person who was revoked, and comes back", f"{form}-again")
        if draw_submit("Register", form):
            act(
                lambda: actions.add(name, roles, rank, again=again, by=session.use()),
                lambda said: said,
                form="people-add",
            )


def _choose(label: str, names: Sequence[str], key: str) -> str:
    """Draw the list of people, of whom nobody is chosen until somebody chooses; return the name, "" until then."""
    return choose_or_none(label, names, key, placeholder="Choose a person") or ""


def _word(one: Role | Rank) -> str:
    return one.value


def _change(actions: ComplianceActions, session: PageSession, known: Mapping[str, Person]) -> None:
    """Draw the form as the person's roles and rank are: what nobody meant to change stays."""
    form = form_key("people-change")
    name = _choose("Who", list(known), f"{form}-who")
    with typed_form(form):
        of = f"{form}-{name}"
        held = [role for role in _ROLES if name in known and role in known[name].roles]
        rank_now = known[name].rank if name in known else None
        roles = choose_several("All their roles from now on", _ROLES, f"{of}-roles", words=_word, default=held)
        rank = choose_one("Rank", list(Rank), f"{of}-rank", words=_word, default=rank_now)
        if draw_submit("Change", form):
            act(
                lambda: actions.change(_chosen(name), roles, rank, by=session.use()),
                f"{name} has these roles from now on.",
                form="people-change",
            )


def _chosen(name: str) -> str:
    """Return whom it is about. Raises Refused where nobody is chosen."""
    if not name:
        raise Refused("people.nobody-chosen", "choose a person first")
    return name


def _account(actions: ComplianceActions, session: PageSession, names: Sequence[str]) -> None:
    with typed_form(form_key("people-password")) as form:
        st.caption("Who has forgotten it: they are logged out everywhere, and set another one at the link.")
        name = _choose("Whose password", names, f"{form}-who")
        if draw_submit("Make a new link", form):
            act(
                lambda: actions.new_password(_chosen(name), by=session.use()),
                lambda link: f"Give this link to {name} alone; it works once, for a day: {link}",
                form="people-password",
            )
    with typed_form(form_key("people-invite")) as form:
        login = st.text_input("Name to log in with, for somebody without an account; empty: as c.adeyemi")
        who = _choose("Whose", names, f"{form}-who")
        if draw_submit("Make the account", form):
            act(
                lambda: actions.invite(_chosen(who), login, by=session.use()),
                lambda made: panels.invited(who, made),
                form="people-invite",
            )


def _rename(actions: ComplianceActions, session: PageSession, names: Sequence[str]) -> None:
    with typed_form(form_key("people-rename")) as form:
        st.caption("They stay the same person, with their account. What they did before stays under the name of then.")
        name = _choose("Whose name", names, f"{form}-who")
        new_name = st.text_input("Their name from now on")
        if draw_submit("Rename", form):
            act(
                lambda: actions.rename(_chosen(name), new_name, by=session.use()),
                lambda renamed: f"{name} is called {renamed.name} from now on.",
                form="people-rename",
            )


def _revoke(actions: ComplianceActions, session: PageSession, names: Sequence[str]) -> None:
    with typed_form(form_key("people-revoke")) as form:
        name = _choose("Who", names, f"{form}-who")
        why = st.text_input("Why")
        if draw_submit("Revoke", form):
            act(
                lambda: actions.revoke(_chosen(name), why, by=session.use()),
                f"{name} may do nothing from now on, and their account has ended.",
                form="people-revoke",
            )
