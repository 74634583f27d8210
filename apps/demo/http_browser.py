"""Logs people in at the embedded identity server as a browser does, over HTTP and by its forms, without a screen.

For the demonstration, whose five people are the platform's own, and for tests. It knows no way in but the password.
"""

from __future__ import annotations

import re
import secrets
import time
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import httpx

from lfr_core.custody.identity.code_flow import LoginRequest, redeem_code
from lfr_core.custody.identity.discovery import discover, fetch_keys
from lfr_core.custody.identity.provider import IdentityProvider
from lfr_core.custody.identity.tokens import Identity, verify_id_token

__all__ = ["HttpBrowser", "NotLoggedInError", "fields_of", "log_in_at", "set_password"]

_MOST_STEPS = 12
_ANSWER_S = 30.0
_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r'\b(name|value)="([^"]*)"')


class NotLoggedInError(Exception):
    """The server shows its form again."""


def _stay_here(request: httpx.Request) -> None:
    """Ask nobody but this machine, wherever a redirect leads. Raises NotLoggedInError."""
    if request.url.host not in {"127.0.0.1", "localhost"}:
        raise NotLoggedInError(f"the login leads to {request.url.host}")


class HttpBrowser:
    """Follows redirects, keeps cookies and fills the server's forms."""

    def __init__(self) -> None:
        hooks = {"request": [_stay_here]}
        self.client = httpx.Client(trust_env=False, follow_redirects=False, timeout=_ANSWER_S, event_hooks=hooks)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.client.close()

    def log_in(self, address: str, login: str, password: str, *, until: str) -> str:
        """Open `address`, log in, and return the address, beginning with `until`, that the browser is sent to.

        Raises:
            NotLoggedInError: the server doesn't send it there.
        """
        answer = self.client.get(address)
        given = {"login": login, "password": password}
        for _ in range(_MOST_STEPS):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(until):
                    return target
                answer = self.client.get(target)
                continue
            form = fields_of(answer.text)
            if not given.keys() & form.keys():
                break
            filled = form | {name: given.pop(name) for name in list(given) if name in form}
            answer = self.client.post(str(answer.url), data=filled)
        raise NotLoggedInError(answer.status_code, re.sub(r"<[^>]*>|\s+", " ", answer.text))


def log_in_at(provider: IdentityProvider, login: str, password: str) -> Identity:
    """Log in with a browser that was never used, and return whom the provider says it has in front of it.

    Raises:
        NotLoggedInError: it isn't the password.
        Refused, Retryable: as `redeem_code` and `verify_id_token`.
    """
    endpoints, nonce = discover(provider), secrets.token_urlsafe(32)
    request = LoginRequest.begin(provider, provider.redirect_uri(provider.login_ports[0]), nonce)
    with HttpBrowser() as browser:
        answer = browser.log_in(request.address(endpoints), login, password, until=request.redirect_uri)
    token = redeem_code(request, endpoints, request.code_in(answer))
    return verify_id_token(token, fetch_keys(provider, endpoints), provider, nonce=nonce, now_ns=time.time_ns())


def set_password(link: str, password: str) -> None:
    """Open the link, and set the password if the form for it is there."""
    with HttpBrowser() as browser:
        form = fields_of(browser.client.get(link).text)
        browser.client.post(link, data=form | {"password": password, "confirmation": password})


def fields_of(page: str) -> dict[str, str]:
    """Return a form's fields and what is in them."""
    found = (dict(_ATTRIBUTE.findall(each)) for each in _INPUT.findall(page))
    return {each["name"]: each.get("value", "") for each in found if "name" in each}
