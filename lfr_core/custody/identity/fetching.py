"""Asks the identity provider over HTTP: bounded in time and bytes, no proxy, no redirect followed."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from typing import Any

from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.loopback_ports import has_own_listener
from lfr_core.common.starting import leave_out
from lfr_core.custody.identity.provider import IdentityProvider

with leave_out("httpx._main"):  # its command line, with a library for colours
    import httpx

__all__ = ["ANSWER_BYTES", "ANSWER_S", "fetch_json"]

ANSWER_S = 8.0
"""The longest that one question may take, from the look-up of the name to the last byte."""
ANSWER_BYTES = 256_000
"""A provider's keys and addresses are a few kilobytes."""
_OK, _SERVER_ERROR = 200, 500
_WORD = re.compile(r"[a-z_]{1,60}")


def fetch_json(
    url: str, provider: IdentityProvider, *, form: Mapping[str, str] | None = None, wait_s: float = ANSWER_S
) -> dict[str, Any]:
    """Get a JSON object, or post `form` and take the answer.

    Raises:
        Retryable: nobody answers in time, or the server says that it can't now.
        Refused: `login.refused`: the server says no; `login.provider`: it answers something else than a small object.
        Fatal: the provider's `ca_file` can't be read, or another user of this machine is where ours belongs.
    """
    ca_file = provider.ca_file
    if provider.own_port is not None and not has_own_listener(provider.own_port, "the identity server"):
        raise Retryable(f"the identity server isn't running at {url}: `lfr up` starts it", retry_after_s=2.0)
    try:
        # http is this machine's alone, and there the machine's certificates would be read for nothing (50 ms)
        encrypted = ca_file is not None or url.startswith("https:")
        context = ssl.create_default_context(cafile=ca_file) if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    except OSError as error:
        raise Fatal(f"LFR_OIDC_CA_FILE can't be read: {error.strerror or error}") from error
    try:
        status, body = asyncio.run(_fetch(url, context, form, wait_s))
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        raise Retryable(
            f"the identity provider doesn't answer at {url}: {type(error).__name__}. Is it running (`lfr status`)?",
            retry_after_s=2.0,
        ) from error
    if status >= _SERVER_ERROR:
        raise Retryable(f"the identity provider can't answer now ({status} at {url})", retry_after_s=2.0)
    return _object(url, status, body)


async def _fetch(
    url: str, context: ssl.SSLContext, form: Mapping[str, str] | None, wait_s: float
) -> tuple[int, bytes | None]:
    """Return the status, and the body, or None for one that is too large."""
    client = httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False, timeout=wait_s)
    plain = {"accept": "application/json", "accept-encoding": "identity"}  # nothing that unpacks to more
    async with asyncio.timeout(wait_s), client:
        method = "GET" if form is None else "POST"
        async with client.stream(method, url, data=form, headers=plain) as answer:
            body = bytearray()
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > ANSWER_BYTES:
                    return answer.status_code, None
            return answer.status_code, bytes(body)


def _object(url: str, status: int, body: bytes | None) -> dict[str, Any]:
    try:
        found = None if body is None else json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if status != _OK:
        word = found.get("error") if isinstance(found, dict) else None
        said = word if isinstance(word, str) and _WORD.fullmatch(word) else str(status)
        raise Refused("login.refused", f"the identity provider refuses ({said}): log in again")
    if not isinstance(found, dict):
        raise Refused("login.provider", f"the identity provider's answer at {url} is no small JSON object")
    return found
