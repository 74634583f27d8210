"""What compiling a list costs beside the face engine alone, on the same photographs, and how memory grows.

    python -m bench.compile_list                     # a list of 1,000 people
    python -m bench.compile_list --people 10000

Photographs of 480 x 600 px are cut from the samples, each moved, turned and lit otherwise, so that no two are one file.
The engine alone decodes, finds, describes and embeds each; compiling is what `lfr deployment compile` does: reading the
CSV, decoding in a child, every check, the data-quality report, gallery, records and vault. Processor time counts, of
this process, its children, the gallery and the vault.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import cv2
import numpy as np
import psutil
from rich.console import Console

from apps.runs.run_settings import READY_S, settings_for_run
from apps.supervisor.system import running_system
from bench.figures import make_parser, write_figures
from bench.processes import ProcessorTimes
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.deployments.build import build_deployment_service
from lfr_core.deployments.build_lists import build_list_builder
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.faces.decode import decode
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.faces.types import FaceEngine, Floats, Image
from lfr_core.recognition.samples import sample_photos

WIDTH_PX, HEIGHT_PX = 480, 600
BASES = ("obama", "obama2", "obama3", "biden", "astronaut")
ENGINE_SAMPLE = 400
"""Photographs that the engine alone is measured on."""
GOAL = 1.2
say = Console(stderr=True).print


@dataclass(frozen=True, slots=True)
class Compiled:
    """What was measured."""

    people: int
    engine_ms: float
    """Processor time a photograph, the engine alone, one thread."""
    compile_ms: float
    """The same, of compiling."""
    seconds: float
    by_kind_ms: Mapping[str, float]
    memory_mb: Mapping[str, float]
    """Resident, of the compiling process, by the share that was done."""
    load: float

    @property
    def ratio(self) -> float:
        """Compiling over the engine alone."""
        return self.compile_ms / self.engine_ms


def photographs(cache: Path, engine: FaceEngine, count: int) -> Iterator[bytes]:
    """Yield JPEGs of heads, each a little different."""
    rng = np.random.default_rng(0)
    bases = [cv2.imread(str(sample_photos(cache)[name]), cv2.IMREAD_COLOR) for name in BASES]
    heads = [(np.asarray(image, np.uint8), engine.detect_large([np.asarray(image, np.uint8)])[0][0].box)
             for image in bases if image is not None]  # fmt: skip
    for index in range(count):
        image, box = heads[index % len(heads)]
        yield _photograph(image, box, rng)


def _photograph(image: Image, box: Floats, rng: np.random.Generator) -> bytes:
    x1, y1, x2, y2 = (float(value) for value in box)
    scale = rng.uniform(0.42, 0.5) * HEIGHT_PX / (y2 - y1)
    turn = cv2.getRotationMatrix2D(((x1 + x2) / 2, (y1 + y2) / 2), rng.uniform(-4, 4), scale)
    turn[:, 2] += [
        WIDTH_PX / 2 - (x1 + x2) / 2 + rng.uniform(-15, 15),
        HEIGHT_PX / 2 - (y1 + y2) / 2 + rng.uniform(-15, 15),
    ]
    cut = cv2.warpAffine(image, turn, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    lit = np.clip(cut * rng.uniform(0.85, 1.1) + rng.normal(0, 3, cut.shape), 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", lit, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])


def write_list(folder: Path, photos: Iterator[bytes]) -> None:
    """Write a list of people of one photograph each."""
    folder.mkdir(parents=True)
    expires = date.today() + timedelta(days=300)  # noqa: DTZ011
    lines = ["subject,category,legal_reference,approved_by,expires_on,photograph"]
    for index, data in enumerate(photos):
        (folder / f"p{index:05}.jpg").write_bytes(data)
        lines.append(f"p{index:05},blue_list,volunteer's consent,bench,{expires},p{index:05}.jpg")
    (folder / "watchlist.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def engine_alone(folder: Path, engine: FaceEngine, policy: Policy) -> float:
    """Processor milliseconds a photograph."""
    files = sorted(folder.glob("*.jpg"))[:ENGINE_SAMPLE]
    began = time.process_time()
    for file in files:
        image = decode(file.read_bytes(), policy.images)
        faces = [engine.describe(image, one) for one in engine.detect_large([image])[0]]
        engine.embed([faces[0].aligned])
    return 1e3 * (time.process_time() - began) / len(files)


@contextmanager
def system(settings: Settings, policy: Policy) -> Iterator[Installation]:
    """Run a system without pages; what compiles is this process."""
    opened = Installation(settings, identity=ProcessIdentity.COMMANDS, policy=policy)
    with (
        running_system(settings, policy, opened.clock, with_page=False, say=say) as running,
        opened as installation,
    ):
        running.wait_ready(READY_S)
        yield installation


def watcher(memory: dict[str, float]) -> Callable[[int, int], None]:
    """Return what notes the memory at each fifth of the photographs."""
    process = psutil.Process()

    def progress(done: int, total: int) -> None:
        if total and done % max(total // 5, 1) == 0:
            memory[f"{done / total:.0%}"] = process.memory_info().rss / 1e6

    return progress


def measure(people: int, home: Path) -> Compiled:
    """Make the photographs, run the engine over them, compile them."""
    cv2.setNumThreads(1)
    base = load_policy()
    # they are of five heads: as different people's each would be refused as another's photograph
    alike = base.watchlist.model_copy(update={"duplicate_photo_similarity": 1.0})
    policy = base.model_copy(update={"watchlist": alike})
    settings = settings_for_run(Settings(), home / "home", workers=1, keep_page_port=False)
    engine = build_engine(settings, policy)
    say(f"{people:,} photographs ...")
    write_list(home / "list", photographs(settings.cache, engine, people))
    load = os.getloadavg()[0]
    engine_ms = engine_alone(home / "list", engine, policy)
    memory: dict[str, float] = {}
    today = date.today()  # noqa: DTZ011
    with system(settings, policy) as installation:
        deployment = "bench-list"
        store = build_deployment_service(installation)
        store.create(deployment, DeploymentKind.EVALUATION, name="bench", live_only=False)
        builder = build_list_builder(installation)
        say("compiling ...")
        began, own = time.perf_counter(), time.process_time()
        with ProcessorTimes() as used:
            view = builder.build(
                home / "list", deployment, today=today, last_day=today, by=SystemActor.LFR, attempt=uuid4().hex,
                progress=watcher(memory),
            )  # fmt: skip
        seconds, own_s = time.perf_counter() - began, time.process_time() - own
        say(f"{deployment} is {view.status.value}")
    kinds = {"this process": own_s} | {k: s for k, s in used.seconds.items() if k in {"gallery", "vault", "other"}}
    by_kind = {kind: 1e3 * each / people for kind, each in kinds.items()}
    return Compiled(people, engine_ms, sum(by_kind.values()), seconds, by_kind, memory, load)


def main() -> int:
    """Measure and print; exits with 1 where the goal isn't reached."""
    parser = make_parser(__doc__)
    parser.add_argument("--people", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lfr-compile-") as folder:
        found = measure(given.people, Path(folder))
    print(
        f"load before: {found.load:.1f}, after: {os.getloadavg()[0]:.1f}; "
        f"{found.people:,} people in {found.seconds:.0f} s"
    )
    print(f"processor ms a photograph: engine {found.engine_ms:.1f}, compiling {found.compile_ms:.1f}: "
          f"{found.ratio:.2f} times"
          f" (goal {GOAL}); " + ", ".join(f"{kind} {ms:.1f}" for kind, ms in found.by_kind_ms.items()))  # fmt: skip
    print("resident MB: " + ", ".join(f"{at} {mb:.0f}" for at, mb in found.memory_mb.items()))
    write_figures(given.json, asdict(found) | {"ratio": found.ratio})
    return 0 if found.ratio <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
