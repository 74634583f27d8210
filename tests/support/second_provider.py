"""A force's own identity provider: canaille again, with groups, and a scope of their own that clients may ask for.

Run by the Python of the embedded server's environment: `second_provider.py EMBEDDED CONFIG`, where EMBEDDED is
infra/identity/embedded.py, and CONFIG has `people` (login and password) and `groups` (name and logins) besides. The
first line of its output is a JSON object of logins and subjects.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    """Make the accounts and serve until SIGTERM."""
    spec = importlib.util.spec_from_file_location("embedded", sys.argv[1])
    assert spec is not None
    assert spec.loader is not None
    embedded: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(embedded)
    os.environ["CANAILLE_CONFIG"] = os.devnull
    config = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    app = embedded.make_app(config, migrate=True)
    from canaille.backends import Backend

    with app.app_context(), Backend.instance.session():
        sys.stdout.write(json.dumps(make_accounts(config)) + "\n")
    sys.stdout.flush()
    keep_client = embedded.keep_client

    def keep_client_with_groups(given: dict[str, Any]) -> None:
        from canaille.app import models

        keep_client(given)
        client = Backend.instance.get(models.Client, client_id=given["client_id"])
        client.scope = ["openid", "groups"]
        Backend.instance.save(client)

    embedded.keep_client = keep_client_with_groups
    embedded.make_app = lambda *_given, **_named: app
    host, _, port = config["address"].partition(":")
    with socket.create_server((host, int(port))) as bound:
        code: int = embedded.serve(config, bound.fileno())
    return code


def make_accounts(config: dict[str, Any]) -> dict[str, str]:
    """Make people and groups; login and subject."""
    from canaille.app import models
    from canaille.backends import Backend

    users = {}
    for login, password in config["people"].items():
        users[login] = models.User(user_name=login, family_name=login, formatted_name=login)
        Backend.instance.save(users[login])
        Backend.instance.set_user_password(users[login], password)
    for name, members in config["groups"].items():
        Backend.instance.save(models.Group(display_name=name, members=[users[login] for login in members]))
    return {login: user.id for login, user in users.items()}


if __name__ == "__main__":
    raise SystemExit(main())
