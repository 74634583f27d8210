"""Each command asks for a login, or stands here with the reason why it doesn't.

Whom those that ask are for, and that nobody else gets past them, is in
tests/integration/custody/people/test_command_line_by_role.py.
"""

from __future__ import annotations

from typing import Any

from tests.unit.cli.test_names_of_people import COMMANDS

MACHINE = {
    "camera discover", "camera list", "camera probe", "camera run", "demo", "doctor", "down", "erasure certify",
    "erasure inject", "erasure verify", "evidence", "login", "logout", "models install", "models show",
    "models verify", "policy check", "policy show", "publish results", "publish site", "retention run", "status",
    "stream run", "up", "vault join", "vault run", "vault status", "whoami",
}  # fmt: skip
"""Of this machine, its processes and the login itself; what the platform does at its hour too."""
NOTHING_PERSONAL = {
    "accuracy evaluate", "accuracy passes", "accuracy plan-threshold",
    "audit verify", "camera refused", "deployment forecast", "deployment list",
    "deployment blue-list",
    "deployment document", "deployment show", "deployment status", "deployment template",
    "erasure epochs", "erasure show", "documents list", "documents show",
    "probe show", "promises check", "promises show", "publish due", "publish verify", "records compare",
    "records validate", "retention status", "vault gate", "vault machines",
    "watchlist check", "watchlist template",
}  # fmt: skip
"""Shows nothing of anybody who is watched, listed or asks: counts, states, hours, machines, staff's names on papers."""
WHERE_IT_ACTS = {
    "deployment close", "deployment create", "deployment open", "deployment resume", "deployment suspend",
    "probe self-test", "publish record", "users add", "users link", "users list", "users password",
    "vault dismiss-machine", "watchlist enrol",
}  # fmt: skip
"""Asks only where it acts for people, or shows them: a planned deployment, a publication, everybody
but the very first person and account, the register once somebody can log in, the password of the only one of
compliance, and a machine's dismissal while the records are away. A trial is this machine's user's
where nobody is logged in.
"""


def asks(command: Any) -> bool:
    function = command.callback
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return "AuthenticatedPerson" in function.__annotations__.values()


ASKING = {" ".join(path): command for path, command in COMMANDS.items() if asks(command)}


def test_each_command_asks_for_a_login_or_is_known_not_to_need_one() -> None:
    without = {" ".join(path) for path in COMMANDS} - ASKING.keys()

    assert without == MACHINE | NOTHING_PERSONAL | WHERE_IT_ACTS
    assert len(ASKING) > 30
