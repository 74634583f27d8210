"""Sends the browser to the login as `st.login` does, and has it come back to the page that stands there.

An address that was opened without a login is known to `ReturnPath` already. A page whose session has ended wasn't: it
was opened with one.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.user_info import generate_login_redirect_url

from apps.staff.place import note_place
from apps.staff.return_path import BACK_TO

__all__ = ["send_to_login"]

_PROVIDER = "default"
"""The one that the pages are given."""


def send_to_login(*, base: str) -> None:
    """Do it. `base`: the pages' path at their address, "" at its root."""
    context = get_script_run_ctx()
    if context is None:
        return
    page, said = note_place()
    path = page.removeprefix(base).strip("/")
    query = urlencode(said)
    where = f"{path}?{query}" if query else path
    message = ForwardMsg()
    message.auth_redirect.url = f"{generate_login_redirect_url(_PROVIDER)}&{BACK_TO}={quote(where, safe='')}"
    context.enqueue(message)
