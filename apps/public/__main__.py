"""The public site as the supervisor starts it: told its port, its names, the folder and the key, and no setting."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn
from starlette.middleware.trustedhost import TrustedHostMiddleware

from apps.http_guards import AnswerHeaders, closed_headers
from apps.public.app import build_app
from apps.streamlit_options import LOOPBACK
from lfr_core.publication.site.script import SCRIPT_SOURCE

__all__ = ["main"]


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", action="append", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--key", default="")
    given = parser.parse_args()
    app = build_app(given.folder, given.key)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*given.host, LOOPBACK], www_redirect=False)
    app.add_middleware(AnswerHeaders, headers=closed_headers(SCRIPT_SOURCE), is_secure=False)
    uvicorn.run(app, host=LOOPBACK, port=given.port, log_level="warning", server_header=False)


if __name__ == "__main__":
    main()
