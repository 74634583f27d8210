"""Looks whether the workflow server still has the flows that we serve there, as we registered them.

Whoever has the server's login can delete or pause one, and then nothing opens, closes or purges at its time, while
every process runs and answers. What is found is on the trail, compliance and officers are called, and the process that
serves flows begins anew, which registers them again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Final

from flows.prefect_api import PrefectApi
from lfr_core.common.errors import LfrError, Retryable
from lfr_core.common.logs import get_logger

__all__ = ["RegistrationLostError", "Registrations", "watch_registrations"]

LOOK_EVERY_S: Final = 30.0
_HELD: Final = ("flow_id", "paused", "entrypoint", "pull_steps", "parameters", "job_variables", "work_pool_name")
"""What of a registration decides whether and how runs begin; the rest is counts and times."""


class RegistrationLostError(Retryable):
    """A flow isn't registered any more as we did it: whoever serves flows begins anew."""


class Registrations:
    """Those of this process, as they were just after it made them."""

    def __init__(self, api: PrefectApi, flows: Mapping[str, str]) -> None:
        """Read them. `flows`: each one's name, by its registration's id. Raises Retryable: the server is away."""
        self._api = api
        self._flows = flows
        self._as_made = {each: self._read(each) for each in flows}

    def find_changes(self) -> tuple[str, ...]:
        """Return in words what somebody has changed. Raises Retryable: the server is away."""
        found: list[str] = []
        for id_, made in self._as_made.items():
            now = self._read(id_)
            if not now or now != made:
                differs = " and ".join(each for each in made if now.get(each) != made[each]) if now else "gone"
                found.append(f"{self._flows[id_]} ({differs})")
        return tuple(found)

    def _read(self, id_: str) -> dict[str, object]:
        answer = self._api.request("GET", f"/deployments/{id_}", missing_ok=True)
        if not answer:
            return {}
        try:
            found = json.loads(answer)
            limit = (found.get("global_concurrency_limit") or {}).get("limit")
            return {"limit": limit} | {each: found.get(each) for each in _HELD}
        except (ValueError, AttributeError) as error:
            raise Retryable(f"the workflow server at {self._api.url} answers in a form we don't know") from error


async def watch_registrations(
    registrations: Registrations, tell: Callable[[str], None], every_s: float = LOOK_EVERY_S
) -> None:
    """Look every few seconds. Ends when cancelled.

    Args:
        registrations: to look at.
        tell: puts what was found on the trail and calls people.
        every_s: between two looks.

    Raises:
        RegistrationLostError: one was changed.
    """
    while True:
        await asyncio.sleep(every_s)
        try:
            changes = await asyncio.to_thread(registrations.find_changes)
        except LfrError:  # the server is away: others say so, and its registrations are read when it is back
            continue
        if changes:
            words = "; ".join(changes)
            try:
                await asyncio.to_thread(tell, words)
            except LfrError as away:
                get_logger().critical("registration_not_recorded", reason=str(away))
            raise RegistrationLostError(f"somebody changed what we registered at the workflow server: {words}")
