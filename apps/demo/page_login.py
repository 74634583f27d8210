"""Logs somebody in on the staff's pages over HTTP, with their password, and returns the cookies of that login.

It begins where a click on "Log in" begins: Streamlit names the provider in a token that it signs with the pages' own
cookie secret, so only a process that may read the home folder can begin it so; the password is still asked for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from joserfc import jwt
from joserfc.jwk import OctKey

from apps.demo.http_browser import HttpBrowser, NotLoggedInError
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.page_client import cookie_secret

__all__ = ["log_in_to_page"]

_BEGIN_S = 60
_COOKIE = "_streamlit_user"


def log_in_to_page(settings: Settings, login: str, password: str) -> Mapping[str, str]:
    """Log in and return the cookies by name.

    Raises:
        NotLoggedInError: the provider or the page doesn't let them in.
        httpx.HTTPError: one of them doesn't answer.
    """
    page = settings.page_addresses[0]
    claims = {"provider": "default", "exp": int(time.time()) + _BEGIN_S}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(cookie_secret(settings)))
    with HttpBrowser() as browser:
        back = browser.log_in(f"{page}/auth/login?provider={token}", login, password, until=f"{page}/oauth2callback")
        answer = browser.client.get(back)
        cookies = {each.name: each.value or "" for each in browser.client.cookies.jar if each.name.startswith(_COOKIE)}
    if _COOKIE not in cookies:
        raise NotLoggedInError(answer.status_code, "the page took no login")
    return cookies
