"""The public page as the supervisor starts it: told its port, its names, the folder and the key, and no setting."""

from __future__ import annotations

import argparse
from pathlib import Path

from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from streamlit.web.server.starlette import App

from apps.http_guards import AnswerHeaders, page_headers
from apps.screens import LOOPBACK, streamlit_options

__all__ = ["main"]


def main() -> None:
    """Serve until SIGTERM or SIGINT; `app.py` reads the rest of the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", action="append", required=True)
    known, _ = parser.parse_known_args()
    middleware = [
        Middleware(AnswerHeaders, headers=page_headers(with_charts=True), is_secure=False),
        Middleware(TrustedHostMiddleware, allowed_hosts=[*known.host, LOOPBACK], www_redirect=False),
    ]
    app = App(Path(__file__).with_name("app.py"), middleware=middleware)
    app.run(config={**streamlit_options(known.port, known.host), "secrets.files": []})


if __name__ == "__main__":
    main()
