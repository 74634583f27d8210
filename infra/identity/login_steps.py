"""Keeps the steps of a login at the embedded identity server in their order, which canaille leaves to each page."""

from __future__ import annotations

from typing import Any

CODE_ASKED, CODE_SET_UP = "core.auth.otp.otp", "core.auth.otp.setup"  # canaille's pages of one-time codes
PASSWORD_ASKED = "core.auth.password.password"  # noqa: S105  an endpoint


def keep_their_order(app: Any, page: str) -> None:
    """Look at each request before canaille does, and at its answer afterwards. page: the address of OpenLFR's pages."""

    def leave_ended_login() -> Any:
        """Lead to the pages whoever comes to a step and is logging in no more: by "back", once they are logged in."""
        from flask import redirect, request, session

        is_step = request.endpoint in {PASSWORD_ASKED, CODE_ASKED, CODE_SET_UP}
        return redirect(page) if is_step and not session.get("auth") else None

    app.before_request(leave_ended_login)
    app.before_request(refuse_step_out_of_turn)
    app.after_request(count_wrong_code)


def refuse_step_out_of_turn() -> Any:
    """Send whoever asks for a one-time code's page without having shown the password to the login's beginning.

    canaille 0.3.6 looks at nothing before it makes somebody's secret for codes, and counts a code of that as the
    password: a login name alone was a login. A secret is made once; another one takes another account.
    """
    from canaille.core.auth import get_user_from_login
    from flask import redirect, request, session, url_for

    endpoint = request.endpoint or ""
    if not endpoint.startswith("core.auth.") or endpoint.rpartition(".")[0] in {"core.auth", "core.auth.password"}:
        return None
    shown = session.get("auth") or {}
    user = get_user_from_login(shown.get("user_name"))
    is_turn = endpoint in {CODE_ASKED, CODE_SET_UP} and shown.get("remaining") == ["otp"] and user is not None
    if not is_turn or (endpoint == CODE_SET_UP and user.last_otp_login) or user.get_intruder_lockout_delay():
        session.pop("auth", None)
        return redirect(url_for("core.auth.login"))
    return None


def count_wrong_code(response: Any) -> Any:
    """Have a wrong one-time code count as a wrong password does, and the login begin anew: nobody tries them all."""
    from canaille.backends import Backend
    from canaille.core.auth import get_user_from_login
    from flask import request, session

    if request.endpoint == CODE_ASKED and request.method == "POST" and response.status_code == 200:
        user = get_user_from_login((session.pop("auth", None) or {}).get("user_name"))
        if user is not None:
            Backend.instance.record_failed_attempt(user)
    return response
