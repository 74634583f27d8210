"""Installing a face model of one's own: an InsightFace package of version 2, or a bare ArcFace-style embedder.

Whoever made it is a stranger, and running a graph is the only way to see that it ends and what it needs. So it is
checked in a process of its own (`model_check.py`), which is ended when it takes too much.
"""

from __future__ import annotations

import json
from pathlib import Path

from lfr_core.common.bounded_child import TookTooMuch, run_bounded
from lfr_core.common.errors import Fatal, Refused
from lfr_core.domain.policy import Policy
from lfr_core.recognition.faces.pack import ModelPack, open_pack
from lfr_core.recognition.faces.pack.scratch import scratch_folder
from lfr_core.recognition.model_check import DESCRIPTION, SCRATCH

__all__ = ["DESCRIPTION", "install_model"]

_CPU_S = 300
"""[proposal] A model that embeds a face in a second on one slow core takes some twenty."""
_WALL_S = 1_800.0
_SPARE_BYTES = 6_000_000_000
"""Of addresses, beside four times the model's largest graph (parsed, optimised, as initialisers and as it is): the
check of the open pack takes under two. [proposal]"""
_PROGRAM = Path(__file__).with_name("model_check.py")


def install_model(
    folder: Path,
    models: Path,
    policy: Policy,
    *,
    open_pack_folder: Path,
    acknowledge_licence: bool,
    force: bool = False,
) -> ModelPack:
    """Check the model in `folder` and copy it to its own folder below `models`.

    Args:
        folder: holds `manifest.json` (an InsightFace package) or `model.toml` and an ONNX file.
        models: where models are kept, each by its id.
        policy: what the test face has to pass.
        open_pack_folder: whose detector and landmarks go with a bare embedder.
        acknowledge_licence: its licence was read, and covers the use, where it isn't for every use.
        force: replace a model of that id.

    Raises:
        Refused: `models.not-a-model`, `models.installed`, `models.doesnt-fit`: what is wrong with it.
        Fatal: as `open_pack`; it can't be written. Nothing was installed.
    """
    asked = {
        "folder": str(folder.absolute()),
        "models": str(models.absolute()),
        "policy": policy.model_dump_json(),
        "open_pack_folder": str(open_pack_folder.absolute()),
        "acknowledge_licence": acknowledge_licence,
        "force": force,
    }
    try:
        done = run_bounded(
            _PROGRAM,
            json.dumps(asked).encode(),
            cpu_s=_CPU_S,
            memory_bytes=_SPARE_BYTES + 4 * max((each.lstat().st_size for each in folder.glob("*.onnx")), default=0),
            wall_s=_WALL_S,
        )
    except TookTooMuch:
        _clear(models)
        raise Refused(
            "models.doesnt-fit",
            f"the model in {folder} takes too long or too much memory to be tried with one face: nobody could search "
            "with it",
        ) from None
    if done.returncode != 0:
        _clear(models)
        last = (done.stderr.decode(errors="replace").strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        raise Fatal(f"the model in {folder} couldn't be checked: {last[:300]}. Nothing was installed")
    found = json.loads(done.stdout.splitlines()[-1])
    if "folder" in found:
        return open_pack(Path(found["folder"]), acknowledge_licence=acknowledge_licence)
    raise Refused(found["rule"], found["words"]) if found["rule"] else Fatal(found["words"])


def _clear(models: Path) -> None:
    """Remove what a check that was ended had put together."""
    with scratch_folder(models, SCRATCH):
        pass
