"""Serves the published files, verified: what isn't as its signed manifest says isn't shown.

Its process can reach nothing else: no setting, no database, no vault is known to it.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path, PurePosixPath
from threading import Lock

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from apps.plain_words import plain_words
from lfr_core.common.errors import LfrError, Poison, Retryable
from lfr_core.common.files import read_text_bounded
from lfr_core.publication.site.folder import PublishedSite, read_site

__all__ = ["HEALTH", "build_app"]

HEALTH = "/health"
_TYPES = {
    ".html": "text/html",
    ".txt": "text/plain",
    ".json": "application/json",
    ".csv": "text/csv",
    ".ics": "text/calendar",
    ".atom": "application/atom+xml",
    ".pdf": "application/pdf",
}
_DOCUMENTS = "documents/"


class _Verified:
    """The site that the folder's link leads to: read and verified once for each build, then served from memory."""

    def __init__(self, folder: Path, key_file: Path | None, *, drafts: bool) -> None:
        self._folder = folder
        self._key_file = key_file
        self._drafts = drafts
        self._lock = Lock()
        self._of = Path()
        self._site: PublishedSite | None = None
        self._newest = ""

    def read(self) -> PublishedSite:
        """Return the site, read again once the folder leads to another. Raises Retryable, Poison: as `read_site`."""
        with self._lock:
            resolved = self._folder.resolve()
            if self._site is None or resolved != self._of:
                self._site = None  # what was built since isn't shown as if it were the old one
                key = _read_key(self._key_file, drafts=self._drafts)
                site = read_site(self._folder, key, drafts=self._drafts)
                if site.form is not None:
                    self._refuse_earlier(site.made_at)
                self._site, self._of = site, resolved
            return self._site

    def _refuse_earlier(self, made_at: str) -> None:
        """Refuse a signed site of before one that was shown: somebody put it back. Raises Poison."""
        if self._newest and datetime.fromisoformat(made_at) < datetime.fromisoformat(self._newest):
            raise Poison("an earlier version than was shown already lies there: the next build takes its place")
        self._newest = made_at


def _read_key(file: Path | None, *, drafts: bool) -> str:
    """Read the key anew each time: when the platform first starts, the vault makes it after this process was started.

    Raises:
        Retryable: there is none yet, so that nothing can have been signed.
        Poison: it can't be read.
    """
    if file is None or (drafts and not file.exists()):
        return ""
    try:
        return read_text_bounded(file).strip() or "none"
    except FileNotFoundError as error:
        raise Retryable("there is no key yet: the vault makes it") from error
    except (OSError, UnicodeDecodeError) as error:
        raise Poison(f"the key in {file.name} can't be read") from error


def build_app(folder: Path, key_file: Path | None = None, *, drafts: bool = False) -> Starlette:
    """Give the ASGI application over `folder`.

    Args:
        folder: where the site is built.
        key_file: holds the installation's key; without it the key that the site names itself is trusted.
        drafts: as `read_site`.
    """
    verified = _Verified(folder, key_file, drafts=drafts)

    def show(request: Request) -> Response:
        try:
            files = verified.read().files
        except Poison as error:
            return PlainTextResponse(
                f"Nothing is shown, because it couldn't be verified.\n{plain_words(str(error))}.\n", 503
            )
        except LfrError:
            return PlainTextResponse("Nothing is published here just now.\n")
        name = request.path_params["path"] or "index.html"
        if name not in files:
            return PlainTextResponse("There is no such page. The first page leads to all there are.\n", 404)
        kind = _TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
        # A document is somebody else's: it is fetched, never opened as a page of ours.
        headers = {"Content-Disposition": "attachment"} if name.startswith(_DOCUMENTS) else {}
        return Response(files[name], media_type=kind, headers=headers)

    async def answer_health(_: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route(HEALTH, answer_health), Route("/{path:path}", show)])
