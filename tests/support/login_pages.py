"""What tests of the login in a browser share: its people, pages, cookie and how to type a login."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from lfr_core.common.settings import Settings
from lfr_core.custody.identity.page_client import cookie_secret
from tests.support.page_login import PageLogins

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["COOKIE", "NAME", "claims_of", "is_asked_to_log_in", "is_without", "signed"]

NAME = "A street that only staff know of"
COOKIE = "_streamlit_user"


def is_asked_to_log_in(page: Page) -> bool:
    """Once the page is drawn, nothing but that is on it. What was there goes at the end of its drawing."""
    page.get_by_role("button", name="Log in").wait_for(timeout=30_000)
    return is_without(page, NAME, "Cameras", "Data quality", "Calendar", "Requests", "lfr-who")


def is_without(page: Page, *words: str) -> bool:
    """Whether a page that has just been drawn anew holds none of the words within 5 s."""
    deadline = time.monotonic() + 5
    while any(word in page.content() for word in words):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def signed(settings: Settings, claims: dict[str, Any], secret: str = "") -> str:
    """A cookie as the pages write them, signed with their secret unless another is given."""
    return create_signed_value(secret or cookie_secret(settings), COOKIE, json.dumps(claims)).decode()


def claims_of(logins: PageLogins, name: str) -> dict[str, Any]:
    """What the pages would keep of a login just now."""
    return {
        "iss": logins.server.provider.issuer, "sub": logins.subject_of(name), "aud": ["openlfr-staff"],
        "iat": int(time.time()), "is_logged_in": True,
        "origin": logins.settings.page_addresses[0], "provider": "default",
    }  # fmt: skip
