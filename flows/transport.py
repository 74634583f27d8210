"""Requests to Prefect's API, with what its server wants to be shown. No Prefect is imported: commands use it too."""

from __future__ import annotations

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from flows.login import login_of
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings

__all__ = ["PrefectApi"]

_ANSWER_S = 10.0
_UNAUTHORISED, _NOT_FOUND, _BUSY = 401, 404, 503
_BUSY_TRIES, _BUSY_S = 6, 0.5
"""SQLite below Prefect's server lets one writer in at a time, and says so with 503."""
_MOST_BYTES = 64_000_000
_Found = TypeVar("_Found")


class PrefectApi:
    """One server's API."""

    def __init__(self, url: str, login: str = "", *, timeout_s: float = _ANSWER_S) -> None:
        """`url`: as `Settings.prefect_api`. `login`: as `flows.login.login_of`."""
        self.url = url.rstrip("/")
        self._timeout_s = timeout_s
        self._headers = {"content-type": "application/json"}
        if login:
            self._headers["authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"

    @classmethod
    def of(cls, settings: Settings, *, timeout_s: float = _ANSWER_S) -> Self:
        """Of these settings' server. Raises Fatal or Retryable as `login_of`."""
        return cls(settings.prefect_api, login_of(settings), timeout_s=timeout_s)

    def read(self, form: TypeAdapter[_Found], answer: bytes) -> _Found:
        """Raises Retryable when the answer has another form."""
        try:
            return form.validate_json(answer)
        except ValidationError as error:
            raise Retryable(f"Prefect's server at {self.url} answers in a form we don't know") from error

    def ask(
        self, method: str, path: str, asked: dict[str, object] | None = None, *, missing_is_well: bool = False
    ) -> bytes:
        """One request; b"" for what isn't there, where that is well. Raises Retryable."""
        request = urllib.request.Request(  # noqa: S310  the API the settings name, http or https
            self.url + urllib.parse.quote(path),
            data=None if asked is None else json.dumps(asked).encode(),
            method=method,
            headers=self._headers,
        )
        for last in (*[False] * _BUSY_TRIES, True):
            try:
                with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310  as above
                    content: bytes = answer.read(_MOST_BYTES)
                    return content
            except urllib.error.HTTPError as error:
                with error:
                    if error.code == _NOT_FOUND and missing_is_well:
                        return b""
                    if error.code == _UNAUTHORISED:
                        raise Retryable(
                            f"Prefect's server at {self.url} doesn't know our login: restart the platform, or for a "
                            "server elsewhere set LFR_PREFECT_AUTH_FILE"
                        ) from error
                    if error.code != _BUSY or last:
                        raise Retryable(f"Prefect's server at {self.url} answers {path} with {error.code}") from error
                time.sleep(_BUSY_S)
            except (OSError, ValueError) as error:
                raise Retryable(f"Prefect's server at {self.url} doesn't answer: see `lfr doctor`") from error
        raise AssertionError("the last try returns or raises")
