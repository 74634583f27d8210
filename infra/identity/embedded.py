"""Hosts the embedded identity server, canaille, with the settings of one file.

It is run by the Python of the environment that `make setup` makes from requirements.txt beside this file, never by
ours: `python -I embedded.py serve CONFIG.json DESCRIPTOR`, on a bound socket, and `accounts CONFIG.json` for acts on
accounts, which are a JSON list on standard input. Nothing comes from a file of the folder one stands in.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
NOWHERE = "http://127.0.0.1:9"  # canaille fetches what a login request's request_uri names: from nowhere
LOGIN_MIN = 10  # minutes in which one logs in; nobody stays logged in at the server itself
LINK_H = 24  # hours in which a link for setting one's password works, once
TOKEN_S = 300  # seconds for which an access token works; it opens nothing of ours
LONGEST_REQUEST = 65_536  # bytes
LOGIN_STEPS = runpy.run_path(str(Path(__file__).with_name("login_steps.py")))
OWN_PAGES = runpy.run_path(str(Path(__file__).with_name("own_pages.py")))
PASSWORD_ROUNDS = 210_000  # PBKDF2-HMAC-SHA512, as OWASP's password storage sheet of 2023 asks


def main() -> int:
    """Run the command that the arguments name; return the exit code."""
    harden_process()
    act, file = sys.argv[1], Path(sys.argv[2])
    environment = {name: text for name in KEPT if (text := os.environ.get(name))}
    os.environ.clear()
    os.environ.update(
        environment, all_proxy=NOWHERE, http_proxy=NOWHERE, https_proxy=NOWHERE, CANAILLE_CONFIG=os.devnull
    )
    os.umask(0o077)
    config = json.loads(file.read_text(encoding="utf-8"))
    if act == "serve":
        return serve(config, int(sys.argv[3]))
    acts = json.load(sys.stdin)
    json.dump(perform(config, acts), sys.stdout)
    return 0


def harden_process() -> None:
    """Forbid dumps, and lock memory where ours is (`lfr_core.common.environment`): exec has undone both."""
    memory = runpy.run_path(str(Path(__file__).parents[2] / "lfr_core" / "common" / "process_memory.py"))
    forbidden = memory["forbid_core_dumps"]()
    locked = os.environ.get("OPENLFR_LOCK_MEMORY") == "1" and memory["lock_memory"]()
    sys.stderr.write(f"process_hardened core_dumps_forbidden={forbidden} memory_locked={locked}\n")


def make_app(config: dict[str, Any], *, migrate: bool) -> Any:
    """Make canaille's application."""
    import canaille
    import flask_talisman  # noqa: F401  where it is missing, canaille's pages have no headers that guard them
    from canaille.oidc import provider
    from werkzeug.security import gen_salt

    settings = {
        "SECRET_KEY": config["secret_key"],
        "SERVER_NAME": config["address"],
        "PREFERRED_URL_SCHEME": "http",
        "TRUSTED_HOSTS": [config["address"].partition(":")[0]],
        "PERMANENT_SESSION_LIFETIME": dt.timedelta(minutes=LOGIN_MIN),
        "SESSION_COOKIE_NAME": "lfr_identity",
        "MAX_CONTENT_LENGTH": LONGEST_REQUEST,
        "OAUTH2_TOKEN_EXPIRES_IN": {"authorization_code": TOKEN_S},
        "CANAILLE": {
            "NAME": "OpenLFR",
            "DATABASE": "sql",
            "JAVASCRIPT": False,  # its htmx follows the way back to our page by itself, which no browser lets it
            "HTMX": False,
            "SMTP": None,
            "SMPP": None,
            "ENABLE_REGISTRATION": False,
            "EMAIL_CONFIRMATION": False,
            "ENABLE_INTRUDER_LOCKOUT": True,
            "HIDE_INVALID_LOGINS": True,
            "LOGIN_ATTRIBUTES": ["user_name"],
            "MIN_PASSWORD_LENGTH": 12,
            "AUTHENTICATION_FACTORS": ["password", "otp"] if config["second_factor"] else ["password"],
            "OTP_LIFETIME": dt.timedelta(hours=LINK_H),
            # nobody administers anything over HTTP: canaille's own default makes whoever is called "admin" one
            "ACL": {"STAFF": {"PERMISSIONS": ["use_oidc", "edit_self"], "READ": ["user_name"], "WRITE": ["password"]}},
        },
        "CANAILLE_SQL": {
            "DATABASE_URI": f"sqlite:///{quote(config['database'])}",
            "PASSWORD_HASH_PARAMS": {"pbkdf2_sha512__rounds": PASSWORD_ROUNDS},
        },
        "CANAILLE_OIDC": {
            "ACTIVE_JWKS": [config["signing_key"]],
            "REQUIRE_NONCE": True,
            "DYNAMIC_CLIENT_REGISTRATION_OPEN": False,
            "TRUSTED_DOMAINS": config["page_hosts"],  # no page that asks for consent; where one may be sent afterwards
            "USERINFO_MAPPING": {"SUB": "{{ user.id }}"},  # not the name one types: it may change, or come back
        },
        "CANAILLE_SCIM": {"ENABLE_SERVER": False, "ENABLE_CLIENT": False},
    }
    # canaille's own is a JWT of the second: an account's second login in it met the table's UNIQUE, and got status 500
    provider.generate_access_token = lambda **_of: gen_salt(48)
    app = canaille.create_app(config=settings, init_backend=migrate, env_file=os.devnull)
    OWN_PAGES["put_ours_before"](app)
    app.context_processor(lambda: {"openlfr_page": config["page"]})
    LOGIN_STEPS["keep_their_order"](app, config["page"])
    app.after_request(forget_once_logged_in)
    app.after_request(show_way_on)
    return app


def forget_once_logged_in(response: Any) -> Any:
    """End the browser's session here as soon as a code is given: the next login asks for the password again."""
    from canaille.app.session import logout_all_users
    from flask import request

    if request.endpoint == "oidc.endpoints.authorize" and "code=" in (response.location or ""):
        logout_all_users()
    return response


def show_way_on(response: Any) -> Any:
    """Show the way to OpenLFR once a password is set, and keep nobody logged in here: they show that they know it."""
    from canaille.app.session import logout_all_users
    from flask import make_response, render_template, request, session, url_for

    if request.endpoint != "core.auth.password.reset" or response.status_code != 302:  # the form, or a fault
        return response
    if response.location == url_for("core.account.index"):  # a link that works no more
        return response
    logout_all_users()
    session.pop("_flashes", None)
    return make_response(render_template("password_set.html", login=request.view_args["user"].user_name))


def serve(config: dict[str, Any], descriptor: int) -> int:
    """Serve on a bound socket until SIGTERM or SIGINT."""
    from asgiref.wsgi import WsgiToAsgi
    from canaille.backends import Backend
    from hypercorn.asyncio import serve as serve_asgi
    from hypercorn.config import Config

    app = make_app(config, migrate=True)
    if not Path(config["database"]).is_file():
        sys.stderr.write(f"error the accounts aren't in {config['database']}: choose another name for LFR_HOME\n")
        return 70
    with app.app_context(), Backend.instance.session():
        for client in config["clients"]:
            keep_client(client)
    options = Config.from_mapping(bind=[f"fd://{descriptor}"], accesslog=None, include_server_header=False)

    async def run() -> None:
        stop = asyncio.Event()
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, stop.set)
        await serve_asgi(WsgiToAsgi(app), options, shutdown_trigger=stop.wait)

    asyncio.run(run())
    return 0


def keep_client(given: dict[str, Any]) -> None:
    """Make or change one of OpenID Connect's clients, so that it is as given; codes with PKCE are all it gets."""
    from canaille.app import models
    from canaille.backends import Backend

    values = {
        **given,
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "scope": ["openid"],
        "token_endpoint_auth_method": "client_secret_basic" if given["client_secret"] else "none",
        "id_token_signed_response_alg": "RS256",
    }
    client = Backend.instance.get(models.Client, client_id=given["client_id"]) or models.Client()
    for name, value in values.items():
        setattr(client, name, value)
    Backend.instance.save(client)
    client.audience = [client]
    Backend.instance.save(client)


def perform(config: dict[str, Any], acts: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Do each act and answer it, in order. One that can't be done answers `error`, a word, and the rest are done."""
    from canaille.backends import Backend

    app = make_app(config, migrate=True)  # the first account may come before the first start
    with app.app_context(), Backend.instance.session():
        return [ACTS[act.pop("act")](**act) for act in acts]


def create(login: str, name: str) -> dict[str, Any]:
    """Make an account that nobody can log in to until its password is set by a link."""
    from canaille.app import models
    from canaille.backends import Backend

    if Backend.instance.get(models.User, user_name=login):
        return {"error": "taken"}
    user = models.User(user_name=login, family_name=name, formatted_name=name)
    Backend.instance.save(user)
    return {"subject": user.id}


def invite(login: str, name: str) -> dict[str, Any]:
    """Make an account and the link for its first password."""
    made = create(login, name)
    return made if "error" in made else made | link(made["subject"])


def link(subject: str) -> dict[str, Any]:
    """Make the link with which a password is set, once; one made before works no more."""
    from canaille.backends import Backend
    from flask import url_for

    if (user := find(subject)) is None:
        return {"error": "unknown"}
    token = user.generate_url_safe_token()
    Backend.instance.save(user)
    return {"link": url_for("core.auth.password.reset", user=user, token=token, _external=True)}


def change(subject: str, locked: dt.datetime | None) -> dict[str, Any]:
    """Set since when an account is locked, so that nobody can log in to it; None opens it again."""
    from canaille.backends import Backend

    if (user := find(subject)) is None:
        return {"error": "unknown"}
    user.lock_date = locked
    if locked:
        user.clear_otp()  # a link that was sent
        end_sessions(subject)
    Backend.instance.save(user)
    return {}


def end_sessions(subject: str) -> dict[str, Any]:
    """Destroy the account's tokens and codes."""
    from canaille.app import models
    from canaille.backends import Backend

    if (user := find(subject)) is None:
        return {"error": "unknown"}
    for model in (models.AuthorizationCode, models.Token):
        for each in Backend.instance.query(model, subject=user):
            Backend.instance.delete(each)
    return {}


def delete(subject: str) -> dict[str, Any]:
    """Destroy the account. Its subject is never given again."""
    from canaille.backends import Backend

    if (user := find(subject)) is None:
        return {"error": "unknown"}
    end_sessions(subject)
    Backend.instance.delete(user)
    return {}


def accounts() -> dict[str, Any]:
    """List the accounts."""
    from canaille.app import models
    from canaille.backends import Backend

    every = Backend.instance.query(models.User)
    return {
        "accounts": [
            {"subject": user.id, "login": user.user_name, "locked": user.locked, "has_password": user.has_password()}
            for user in every
        ]
    }


def find(subject: str) -> Any:
    """Find an account by what never changes of it."""
    from canaille.app import models
    from canaille.backends import Backend

    return Backend.instance.get(models.User, id=subject)


ACTS = {
    "create": create,
    "invite": invite,
    "link": link,
    "lock": lambda subject: change(subject, dt.datetime.now(dt.UTC)),
    "unlock": lambda subject: change(subject, None),
    "end_sessions": end_sessions,
    "delete": delete,
    "list": accounts,
}

if __name__ == "__main__":
    raise SystemExit(main())
