"""People with accounts at the real identity server, who are logged in on the staff's pages in a real browser."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from apps.demo.page_login import log_in_to_page
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.port import Trail
from lfr_core.custody.identity.invitation import login_of
from lfr_core.custody.people import People, Role
from tests.support.identity import PASSWORD, IdentityServer
from tests.support.people import add_people, authenticated

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

__all__ = ["PageLogins", "forget_who_was_in"]


@dataclass
class PageLogins:
    """The people of one installation. Each logs in once, over HTTP; browsers are given the cookies."""

    server: IdentityServer
    settings: Settings
    engine: Engine
    trail: Trail
    cookies: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def people(self) -> People:
        return People(self.engine, self.trail, SystemClock())

    def add(self, *people: tuple[str, Role]) -> None:
        """Register people, whoever is registered already, and give them accounts."""
        add_people(self.engine, *people, trail=self.trail)
        self.give_accounts(*(name for name, _ in people))

    def give_accounts(self, *names: str) -> None:
        """Give registered people their accounts at the server; it knows them from other installations perhaps."""
        subjects = self.server.subjects(*(login_of(name) for name in names))
        by = next(each.name for each in self.people.list() if each.may_act and Role.COMPLIANCE in each.roles)
        for name in names:
            if self.subject_of(name) is None:
                self.people.link_identity(
                    name, self.server.provider.issuer, subjects[login_of(name)], by=authenticated(by)
                )

    def subject_of(self, name: str) -> str | None:
        """What the server calls this person's account; None without one."""
        return dict(self.people.identities_of(name)).get(self.server.provider.issuer)

    def log_in(self, context: BrowserContext, name: str) -> None:
        """Let the browser of `context` be this person's. Pages that are open there know it once they are reloaded."""
        if name not in self.cookies:
            self.cookies[name] = log_in_to_page(self.settings, login_of(name), PASSWORD)
        self.log_out(context)
        address = self.settings.page_addresses[0]
        context.add_cookies([{"name": n, "value": v, "url": address} for n, v in self.cookies[name].items()])

    def log_out(self, context: BrowserContext) -> None:
        """Let the browser forget whose it was."""
        context.clear_cookies()


def forget_who_was_in(context: BrowserContext) -> None:
    """Close the pages, and leave no cookie, store or header of whoever was in; the pages' scripts stay known."""
    first, *opened = context.pages
    for page in opened:
        with contextlib.suppress(Exception):  # a page that shows nothing has no store
            page.evaluate("localStorage.clear()")
        page.close()
    first.goto("about:blank")
    context.clear_cookies()
    context.set_extra_http_headers({})
