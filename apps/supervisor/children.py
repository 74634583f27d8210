"""Describes a child process, and the state it is in."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lfr_core.common.errors import Fatal

__all__ = ["ChildSpec", "ChildState", "Probe", "stages"]

Probe = Callable[[int], bool]
"""Is the child with this process id ready? Answers within a second or so and never raises."""


class ChildState(StrEnum):
    """Where a child stands."""

    WAITING = "waiting"
    """For the children it comes after."""
    STARTING = "starting"
    """Its process runs and isn't ready yet."""
    READY = "ready"
    UNRESPONSIVE = "unresponsive"
    """It was ready, its process runs, and it answers no more."""
    BACKING_OFF = "backing-off"
    """It died and will be started again."""
    FAILED = "failed"
    """It died too often, or said that starting it again is pointless."""
    STOPPING = "stopping"
    STOPPED = "stopped"


def _always(_pid: int) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One process to keep running."""

    name: str
    """Names its log file too."""
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to our environment, whose own `LFR_...` are left out."""
    ready: Probe = _always
    alive: Probe | None = None
    """Asked every few seconds once it is ready; None: its process alone is looked at."""
    once_ready: Callable[[], None] | None = None
    """What must be done each time it has become ready and before it counts as such (topics after a broker's
    start). Retryable: asked again until the start deadline; any other of our errors: the child has failed."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_deadline_s: float = 10.0
    """After it comes SIGKILL for the whole process group."""
    start_deadline_s: float = 60.0
    """A child that isn't ready by then is killed and counts as dead."""
    after: tuple[str, ...] = ()
    """Children that must be ready before this one starts, and that are stopped after it."""
    prepares: bool = False
    """Its process may run before those are ready: it imports what it needs and calls `wait_to_begin`
    (`lfr_core.common.starting`). Until then it counts as waiting."""
    outlived_by: tuple[str, ...] = ()
    """Children that are stopped after this one too, though it needn't wait for them at the start."""
    ports: tuple[int, ...] = ()
    """Loopback ports it listens on: they must be free before anything starts, and what listens there later be ours."""
    shares_ports: bool = False
    """It listens with SO_REUSEPORT, so that the supervisor can reserve its ports from before its first start to the end
    (`lfr_core.common.loopback_ports`): no other user's process gets in, not between two of its lives either."""


def stages(specs: Sequence[ChildSpec]) -> tuple[tuple[ChildSpec, ...], ...]:
    """Put the children in stages, each after those it names; stopping goes through them backwards, a stage at a time.

    (Starting looks at `after` alone: a child starts as soon as those are ready, whatever its stage.)

    Raises:
        Fatal: two children of one name, an unknown name in `after`, or a circle.
    """
    left = {spec.name: spec for spec in specs}
    if len(left) != len(specs):
        raise Fatal("two children have the same name")
    before = {spec.name: {*spec.after, *spec.outlived_by} for spec in specs}
    unknown = set[str]().union(*before.values()) - left.keys()
    if unknown:
        raise Fatal(f"children wait for {', '.join(sorted(unknown))}, which isn't among them")
    done: list[tuple[ChildSpec, ...]] = []
    while left:
        stage = tuple(spec for spec in left.values() if not left.keys() & before[spec.name])
        if not stage:
            raise Fatal(f"children wait for each other in a circle: {', '.join(left)}")
        done.append(stage)
        for spec in stage:
            del left[spec.name]
    return tuple(done)
