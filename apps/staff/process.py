"""What the pages and the guard of their downloads share in their process: one installation, and who is logged in."""

from __future__ import annotations

from functools import cache, partial

from apps.typed.store import TypedTexts
from lfr_core.custody.identity.page_sessions import PageSessions
from lfr_core.custody.identity.provider import provider_of
from lfr_core.custody.identity.terminal import record_login
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["page_sessions", "pages_installation", "typed_texts"]


@cache  # connections
def pages_installation() -> Installation:
    """Return the installation that the environment names."""
    return Installation(identity=ProcessIdentity.PAGES)


@cache
def page_sessions() -> PageSessions:
    """Return the logins of everybody who uses the pages."""
    ours = pages_installation()
    people = ours.people
    record = partial(record_login, ours.engine, ours.trail)
    return PageSessions(provider_of(ours.settings), people, ours.policy.access, ours.clock, record, ours.vault.remember)


@cache
def typed_texts() -> TypedTexts:
    """Return what everybody has typed on the pages and not sent yet."""
    return TypedTexts(pages_installation().clock)
