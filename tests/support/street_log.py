"""What workers would send of a street that is known: two cameras, passes of listed people, and the oracle's truth."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from sqlalchemy import Engine

from lfr_core.alerts import read
from lfr_core.alerts.recorder import Recorder
from lfr_core.custody.vault.port import Vault
from lfr_core.domain.messages import OutcomeBatch, Sighting
from tests.support.faults import Account
from tests.support.oracle import ExpectedPass, SentByCamera, check_stream, tally
from tests.support.records import NOW_NS, alerts_of, outcomes, sighting

__all__ = ["ENTRIES", "Messages", "StreetLog", "judge_log", "record"]

Messages = tuple[OutcomeBatch | Sighting, ...]
ENTRIES = ("entry-1", "entry-2")
CAMERAS = ("north", "south")
FPS = 25  # `tests.support.records.sighting` has a sequence for each second of it
GAP_S = 30  # between two passes of a camera; sightings within `alerts.merge_s` (10 s) are one alert


@dataclass
class StreetLog:
    """A partition's messages for each camera, in their order, and the truth of them."""

    random: random.Random
    deployment: str = "dep"
    session: str = "s1"
    began_s: int = 0
    vault: Vault | None = None
    """Whose keys seal the sightings' probes; one that every `MemoryVault` knows unless given."""
    passes: list[ExpectedPass] = field(default_factory=list)
    sent: list[SentByCamera] = field(default_factory=list)
    partitions: dict[str, Messages] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for camera in CAMERAS:
            self.partitions[camera] = tuple(self._film(camera))

    def _film(self, camera: str) -> list[OutcomeBatch | Sighting]:
        messages: list[OutcomeBatch | Sighting] = []
        first = self.began_s * FPS + 1_000  # of sightings: sequence 1,000 is at 0 s
        not_sampled = dropped = 0
        results: list[tuple[int, int, int]] = []
        people = {self.random.randrange(2, 8) + GAP_S * n: ENTRIES[n % 2] for n in range(3)}
        frames = first + (GAP_S * 3 + 5) * FPS
        for sequence in range(frames):
            fate = self.random.choice("lllnd") if sequence >= first else "n"
            not_sampled, dropped = not_sampled + (fate == "n"), dropped + (fate == "d")
            at_s = (sequence - 1_000) / FPS
            entry = people.get(int(at_s) - self.began_s) if at_s >= self.began_s else None
            if fate == "l":
                results.append((sequence, not_sampled, dropped))
            if entry is not None and sequence % 5 == 0:
                messages.append(
                    sighting(
                        at_s, camera=camera, session=self.session, sequence=sequence, entry=entry, vault=self.vault
                    )
                )
            if len(results) >= self.random.randint(20, 60):
                messages.append(outcomes(*results, camera=camera, session=self.session))
                results = []
        messages += [outcomes(*results, camera=camera, session=self.session)] if results else []
        messages.append(
            outcomes(
                captured=frames,
                not_sampled=not_sampled,
                dropped=dropped,
                ended=True,
                camera=camera,
                session=self.session,
            )
        )
        for second, entry in people.items():
            start = first + second * FPS
            self.passes.append(ExpectedPass(f"subject of {entry}", camera, start, start + FPS - 1))
        self.sent.append(SentByCamera(camera, frames, not_sampled, dropped))
        return messages

    def with_jump(self, camera: str, *, after_s: int, jump_s: int) -> None:
        """Let a camera's clock jump in mid-stream: what it says of later frames is so much off."""
        at_ns, by_ns = NOW_NS + after_s * 10**9, jump_s * 10**9

        def moved(message: OutcomeBatch | Sighting) -> OutcomeBatch | Sighting:
            if isinstance(message, Sighting) and message.captured_ns >= at_ns:
                return message.model_copy(update={"captured_ns": message.captured_ns + by_ns})
            return message

        self.partitions[camera] = tuple(moved(message) for message in self.partitions[camera])


def record(recorder: Recorder, messages: Messages) -> None:
    """Record as the worker does: a batch of each topic, each in one call; what can't be recorded is a fault here."""
    found = [each for each in messages if isinstance(each, Sighting)]
    counted = [each for each in messages if isinstance(each, OutcomeBatch)]
    assert recorder.record_sightings(found).failures == ()
    assert recorder.record_outcomes(counted).failures == ()


def judge_log(engine: Engine, log: StreetLog, account: Account, *, now_ns: int = NOW_NS) -> dict[str, int]:
    """Ask the oracle what is recorded; how many frames of each camera were lost."""
    counts = {each.camera: each.counts.as_dict() for each in read.cameras(engine, log.deployment, now_ns=now_ns)}
    alerts = [
        {
            "id": str(alert.id),
            "subject": alert.subject,
            "camera": alert.camera,
            "first_sequence": alert.first_sequence,
            "last_sequence": alert.last_sequence,
        }
        for alert in alerts_of(engine, log.deployment)
    ]
    account.add(tally(counts, log.passes, alerts))
    check_stream(sent=log.sent, counts=counts, passes=log.passes, alerts=alerts)
    return {camera: counted["lost"] for camera, counted in counts.items()}
