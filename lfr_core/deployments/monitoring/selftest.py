"""The self-test before a deployment opens: all that can be shown while the gate is still shut, line by line.

Each line is one check that says what it saw or raises one of our errors, whose sentence tells a person what to do.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from lfr_core.common.clock import Clock
from lfr_core.common.errors import Fatal, LfrError, Refused, Retryable
from lfr_core.custody.vault.port import Vault
from lfr_core.domain.deployments import DeploymentView
from lfr_core.domain.policy import Policy
from lfr_core.domain.reserved import LIVE_PROBE_ENTRY
from lfr_core.recognition.faces import quality
from lfr_core.recognition.faces.types import FaceEngine, Floats
from lfr_core.recognition.gallery.port import Gallery
from lfr_core.recognition.selftest.face import draw_face

__all__ = [
    "SelfTest",
    "SelfTestCheck",
    "SelfTestLine",
    "check_clock",
    "check_face",
    "check_footage",
    "check_gallery",
    "check_pack",
    "run_checks",
]

_GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SelfTestLine:
    """One check, as it came out."""

    name: str
    ok: bool
    message: str
    """What was seen; of a red line, what to do."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """A self-test that has ended."""

    id: UUID
    deployment: str
    began_ns: int
    lines: tuple[SelfTestLine, ...]

    @property
    def green(self) -> bool:
        """Whether no line is red."""
        return all(line.ok for line in self.lines)

    def to_json(self) -> str:
        """Return the lines as the table of live probes keeps them."""
        lines = [{"name": line.name, "ok": line.ok, "said": line.message} for line in self.lines]
        return json.dumps(lines, ensure_ascii=False)

    @staticmethod
    def lines_from_json(text: str) -> tuple[SelfTestLine, ...]:
        """Read the lines that `to_json` wrote."""
        return tuple(SelfTestLine(line["name"], line["ok"], line["said"]) for line in json.loads(text))


@dataclass(frozen=True, slots=True)
class SelfTestCheck:
    """One thing to check."""

    name: str
    run: Callable[[], str]
    """Says what it saw, or raises an LfrError."""


def run_checks(checks: Sequence[SelfTestCheck]) -> tuple[SelfTestLine, ...]:
    """Look at each, whatever became of the others."""
    lines: list[SelfTestLine] = []
    for check in checks:
        try:
            lines.append(SelfTestLine(check.name, ok=True, message=check.run()))
        except LfrError as error:
            lines.append(SelfTestLine(check.name, ok=False, message=str(error)))
    return tuple(lines)


def check_clock(vault: Vault, clock: Clock, policy: Policy) -> str:
    """Check that the vault answers and trusts its clock, and that ours agrees. Raises Retryable, Refused."""
    apart_s = abs(vault.trusted_now_ns() - clock.time_ns()) / 1e9
    if apart_s > policy.vault.clock_jump_s:
        raise Refused(
            "self-test.clocks-apart", f"the vault's clock and this machine's are {apart_s:.1f} s apart: set them right"
        )
    return "the vault answers and trusts its clock"


def check_pack(engine: FaceEngine, view: DeploymentView) -> str:
    """Check that the pack is the one that the list was enrolled with. Raises Fatal."""
    if not view.contract_id:
        raise Refused("deployment.no-list", f"deployment {view.id} has no list yet: compile and approve it first")
    if engine.contract_id != view.contract_id:
        raise Fatal(
            "the list was enrolled with another face software than this machine has: install that one "
            f"(its contract is {view.contract_id[:16]}, this machine's {engine.contract_id[:16]}), or make a new "
            "deployment and enrol the list with this one"
        )
    return "loaded, and the one that the list was enrolled with"


def check_face(engine: FaceEngine, policy: Policy) -> Floats:
    """Check that the drawn test face is found and good enough; return its template, (1, 512). Raises Fatal."""
    image = draw_face()
    found = engine.detect([image])[0]
    if len(found) != 1:
        raise Fatal(f"the face software finds {len(found)} faces in the drawn test face instead of 1: install it anew")
    face = engine.describe(image, found[0])
    reason = quality.find_fault(face.quality, policy.faces)
    if reason is not None:
        raise Fatal(f"the drawn test face is refused as {reason.replace('_', ' ')}: look at [faces] in the policy")
    return engine.embed([face.aligned])


def check_gallery(gallery: Gallery, view: DeploymentView, template: Floats) -> str:
    """Check that the deployment's own gallery answers with the test face. Raises Refused, Retryable, Fatal."""
    if not view.gallery:
        raise Refused("deployment.no-list", f"deployment {view.id} has no list yet: compile and approve it first")
    (candidates,) = gallery.search(view.gallery, view.contract_id, template, limit=1)
    best = candidates[0] if candidates else None
    if best is None or best.entry != LIVE_PROBE_ENTRY:
        raise Refused(
            "live-probe.no-match",
            "the test face isn't found in the list: it was enrolled before there was one, or what is searched is "
            "damaged. Make a new deployment and enrol the list again",
        )
    if best.similarity < view.threshold:
        raise Refused(
            "live-probe.no-match",
            f"the test face is found in the list, but only {best.similarity:.3f} of 1 alike, where "
            f"{view.threshold:.2f} is needed: what is searched is damaged. Make a new deployment and "
            "enrol the list again",
        )
    return f"the test face is found in the list, {best.similarity:.3f} of 1 alike; {view.threshold:.2f} is needed"


def check_footage(folder: Path, policy: Policy) -> str:
    """Check that footage can be written and has free space. Raises Retryable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".self-test"
        probe.write_bytes(b"")
        probe.unlink()
        free_gb = shutil.disk_usage(folder).free / _GB
    except OSError as error:
        raise Retryable(
            f"footage can't be written to {folder}: {error.strerror}. Mend it, or set LFR_FOOTAGE_FOLDER"
        ) from error
    if free_gb < policy.live_probe.footage_free_gb:
        raise Retryable(
            f"{folder} has {free_gb:.1f} GB free and the policy wants {policy.live_probe.footage_free_gb:g}: free space"
        )
    return f"{free_gb:,.0f} GB free"
