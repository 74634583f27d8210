"""The system without a terminal: `lfr up --detach` runs this. Ends in order at SIGTERM (`lfr down`)."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager

from apps.supervisor.signals import StopAsked, stop_on_signals
from apps.supervisor.supervisor import Supervisor
from apps.supervisor.system import running_system
from lfr_core.common.errors import LfrError
from lfr_core.custody.installation import Installation
from lfr_core.domain.actors import ProcessIdentity

READY_S = 180.0


def main() -> int:
    """Run until asked to stop. Returns the exit code."""
    try:
        opened = Installation(identity=ProcessIdentity.SUPERVISOR)
        with stop_on_signals(), opened as installation, _system(installation) as running:
            running.wait_ready(READY_S)
            while running.broken is None:
                time.sleep(0.5)
            running.check()
    except StopAsked:
        return 0
    except LfrError as error:
        _say(f"error {error}")
        return error.exit_code
    return 0


def _system(installation: Installation) -> AbstractContextManager[Supervisor]:
    with_page = "--no-page" not in sys.argv[1:]
    settings, policy = installation.settings, installation.policy
    return running_system(settings, policy, installation.clock, with_page=with_page, with_flows=True, say=_say)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
