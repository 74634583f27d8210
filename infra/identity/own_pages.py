"""Puts our pages before canaille's, and leaves out those of its that lead to its makers or that nobody needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).with_name("templates")
FOOTER = re.compile(r"<footer>.*?</footer>", re.DOTALL)  # of canaille's pages: it leads to its makers' addresses
LEFT_OUT = {"core.account.about", "core.auth.password.forgotten", "core.auth.password.forgotten_code"}


def put_ours_before(app: Any) -> None:
    """Have templates of ours come first; they know canaille's as `canaille/...`."""
    from jinja2 import ChoiceLoader, FileSystemLoader, FunctionLoader, PrefixLoader

    own = app.jinja_env.loader
    without_footer = FunctionLoader(lambda name: FOOTER.sub("", own.get_source(app.jinja_env, name)[0]))
    app.jinja_env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), PrefixLoader({"canaille": without_footer}), own])
    app.before_request(leave_out)


def leave_out() -> Any:
    """Lead to the login from pages with addresses of canaille's makers, or that would send mails, which it can't."""
    from flask import redirect, request, url_for

    return redirect(url_for("core.auth.login")) if request.endpoint in LEFT_OUT else None
