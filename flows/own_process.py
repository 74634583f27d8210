"""A runner that runs one of its flows in its own process: the sweep, which comes each minute.

It begins no run whose parameters its flow doesn't take: Prefect would, and it would end before ours is asked.

A process for each of its runs imports Prefect and everything of ours anew, 4 s of processor time, for a tenth of a
second of work. Runs of the other flows, which come once a deployment, keep a process each.

A sweep that hangs ends the process that serves flows after `flows.build_sweep.LONGEST_S`; it is started again, and the
run is given up for lost. Prefect has no such way to run a flow, so that two of its inner names are used here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, get_type_hints

import anyio
from prefect.client.orchestration import get_client
from prefect.exceptions import Abort
from prefect.flow_engine import run_flow
from prefect.runner import Runner
from prefect.runner._process_manager import ProcessHandle
from pydantic import TypeAdapter

from lfr_core.common.logs import get_logger

if TYPE_CHECKING:
    from uuid import UUID

    from anyio.abc import TaskStatus
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State

__all__ = ["OwnProcessRunner", "OwnProcessStarter", "takes"]


class _NoProcess:
    """Stands where Prefect keeps a run's process: there is none to kill, and none that failed."""

    pid = None
    returncode = 0


class OwnProcessStarter:
    """Runs a flow in a thread of this process, as `prefect.runner._flow_run_executor.ProcessStarter` asks."""

    def __init__(self, flow: Flow[..., Any]) -> None:
        self._flow = flow

    async def start(self, flow_run: FlowRun, task_status: TaskStatus[Any] = anyio.TASK_STATUS_IGNORED) -> None:
        """Say that it has begun, and return when it has ended."""
        task_status.started(ProcessHandle(_NoProcess()))  # type: ignore[arg-type]  # a process with these two names
        await anyio.to_thread.run_sync(self.run, flow_run.id)

    def run(self, run: UUID) -> None:
        """Run it to its end."""
        with get_client(sync_client=True) as client:
            flow_run = client.read_flow_run(run)
        try:
            run_flow(self._flow, flow_run=flow_run, return_type="state")
        except Abort:  # the server says that it isn't to be run: another has it, or it has ended
            get_logger().info("flow_run_aborted", run=str(run))


class _RefusingStarter(OwnProcessStarter):
    """Begins nothing: the run ends in the state that `refuse` gives."""

    def __init__(self, flow: Flow[..., Any], refuse: Callable[[str, str], State[None]]) -> None:
        super().__init__(flow)
        self._refuse = refuse

    def run(self, run: UUID) -> None:
        state = self._refuse(self._flow.name, str(run))
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(run, state, force=True)


class OwnProcessRunner(Runner):
    """Prefect's runner, with flows by the id of their Prefect deployment: those of which runs are looked at before they
    begin, and those that are run in this process.

    refuse: given a flow's name and a run's id, says on the trail that it isn't begun, and in which state it ends.
    """

    def __init__(self, refuse: Callable[[str, str], State[None]], **options: Any) -> None:
        super().__init__(**options)
        self._refuse = refuse
        self.served: dict[str, Flow[..., Any]] = {}
        self.in_own_process: dict[str, Flow[..., Any]] = {}

    async def __aenter__(self) -> Self:
        """Start as Prefect's does, and choose for each run where it is run."""
        await super().__aenter__()
        poller = self._scheduled_run_poller
        starter_of = poller._resolve_starter  # noqa: SLF001  see above

        def choose(flow_run: FlowRun) -> Any:
            deployment = str(flow_run.deployment_id)
            served, flow = self.served.get(deployment), self.in_own_process.get(deployment)
            if served is not None and not takes(served, flow_run.parameters):
                return _RefusingStarter(served, self._refuse)
            return starter_of(flow_run) if flow is None else OwnProcessStarter(flow)

        poller._resolve_starter = choose  # noqa: SLF001  the same
        return self


def takes(flow: Flow[..., Any], parameters: Mapping[str, object]) -> bool:
    """Return whether a flow can be begun with these parameters: each is there, of its type, and no other."""
    try:
        inspect.signature(flow.fn).bind(**parameters)
        kinds = get_type_hints(flow.fn)
        for name, value in parameters.items():
            TypeAdapter(kinds[name]).validate_python(value)
    except (TypeError, ValueError):
        return False
    return True
