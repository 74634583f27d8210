"""The public site as the supervisor starts it: told its port, its names, folder and key file, and no setting."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvicorn
from starlette.middleware.trustedhost import TrustedHostMiddleware

from apps.http_guards import AnswerHeaders, closed_headers
from apps.public.app import build_app
from apps.streamlit_options import LOOPBACK
from lfr_core.common.errors import LfrError
from lfr_core.common.loopback_ports import bind_port
from lfr_core.publication.site.script import SCRIPT_SOURCE

__all__ = ["main"]


def main() -> int:
    """Serve until SIGTERM or SIGINT. Returns an exit code where it can't."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", action="append", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--key-file", type=Path)
    parser.add_argument("--drafts", action="store_true")
    given = parser.parse_args()
    try:
        listening = bind_port(given.port)
    except LfrError as error:
        sys.stderr.write(f"error {error}\n")
        return error.exit_code
    app = build_app(given.folder, given.key_file, drafts=given.drafts)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*given.host, LOOPBACK], www_redirect=False)
    app.add_middleware(AnswerHeaders, headers=closed_headers(SCRIPT_SOURCE), is_secure=False)
    config = uvicorn.Config(app, log_level="warning", server_header=False)
    uvicorn.Server(config).run(sockets=[listening])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
