"""Becomes the embedded identity server: writes its settings, then is replaced by it."""

from __future__ import annotations

import os

from lfr_core.common.errors import Retryable
from lfr_core.common.loopback_ports import bind_port
from lfr_core.custody.identity.embedded import HOST_SCRIPT, server_python, write_config
from lfr_core.custody.installation import Installation
from lfr_core.custody.program import run_program
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["become_identity_server", "main"]


def become_identity_server(installation: Installation) -> None:
    """Go on as the server, in this very process, with nothing of our environment.

    Raises:
        Fatal: it isn't installed, a secret of it is damaged, or its port is taken.
        Retryable: its settings can't be written, or it can't be started.
    """
    python = server_python(installation.settings)
    config = write_config(installation.settings, installation.policy.access)
    listening = bind_port(installation.settings.identity_port)
    listening.set_inheritable(True)
    try:
        command = [str(python), "-I", str(HOST_SCRIPT), "serve", str(config), str(listening.fileno())]
        os.execv(python, command)  # noqa: S606
    except OSError as error:
        raise Retryable(f"{python} can't be started: {error.strerror}") from error


def main() -> int:
    """Start it. Returns an exit code where it can't."""
    return run_program(become_identity_server, identity=ProcessIdentity.SUPERVISOR, event="identity_server_ends")


if __name__ == "__main__":
    raise SystemExit(main())
