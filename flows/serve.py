"""Serve the flows: `python -m flows.serve`, a child of `lfr up`.

Registers each flow with Prefect's server at `PREFECT_API_URL` and runs what is scheduled, each run a process of its
own. The sweep's runs are made here, one at a time (`flows.beat`), so that an hour's downtime is caught up with by one
sweep and not by sixty; Prefect 3.8.8 makes none of its own with SQLAlchemy 2.1 (decision 0007).
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from prefect.runner import Runner
from prefect.types.entrypoint import EntrypointType

from flows.beat import beat
from flows.retention import retention
from lfr_core.errors import Fatal, LfrError
from lfr_core.logs import configure_logs, get_logger
from lfr_core.policy import Policy, load_policy
from lfr_core.settings import Settings

__all__ = ["main", "ready_file"]

_AT_ONCE = 5
"""Runs at the same time: each is a process of some 150 MB."""


def ready_file(settings: Settings) -> Path:
    """Written once the flows are registered; holds our pid."""
    return settings.home / "run" / "flows.ready"


def main() -> int:
    """Serve until SIGTERM. Returns the exit code."""
    try:
        settings = Settings()
    except ValueError as error:  # pydantic's; it names the setting
        sys.stderr.write(f"error the settings are refused: {error}\n")
        return Fatal.exit_code
    configure_logs(settings.log_level)
    try:
        asyncio.run(_serve(settings, load_policy(settings.policy_file)))
    except LfrError as error:
        get_logger().critical("flows_end", reason=str(error))
        return error.exit_code
    return 0


async def _serve(settings: Settings, policy: Policy) -> None:
    ready = ready_file(settings)
    ready.unlink(missing_ok=True)
    # pause_on_shutdown would leave a schedule paused that somebody else serves too
    runner = Runner(name="openlfr", limit=_AT_ONCE, webserver=False, pause_on_shutdown=False)
    deployment = await runner.aadd_deployment(
        await retention.ato_deployment(
            name="every-sweep",
            description="Destroys what is due, and says how late it is.",
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
    )
    ready.parent.mkdir(parents=True, exist_ok=True)
    ready.write_text(f"{os.getpid()}\n", encoding="ascii")
    try:
        async with asyncio.TaskGroup() as together:
            together.create_task(runner.start())
            together.create_task(beat(deployment, every_s=policy.retention.sweep_s))
    finally:
        ready.unlink(missing_ok=True)


if __name__ == "__main__":
    raise SystemExit(main())
