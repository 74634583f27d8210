"""One accelerator: faces embedded per second in batches, inputs and outputs kept on the card, beside its roofline.

    python -m bench.gpu --peak-tflops 67 --gigabytes-per-second 3350      (an H100 SXM, float32 without sparsity)
    python -m bench.gpu ... --photograph t1.jpg      (the whole engine on a picture too, beside one of this processor)

Ends with an error where CUDA isn't in the session: ONNX Runtime alone would go on, on the processor, and the number
would mean nothing. The roofline is the lesser of the card's arithmetic and what its memory brings (weights once a
batch, faces and templates once): give both from its data sheet.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Final

import lfr_core.common.environment  # noqa: F401  before onnxruntime, whose telemetry it switches off

# isort: split
import cv2
import numpy as np
import onnxruntime as ort

from lfr_core.common.errors import LfrError, Refused
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces.alignment import ALIGNED_SIZE_PX
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.faces.pack import open_pack
from lfr_core.recognition.faces.pack.network import require_providers, session_options
from lfr_core.recognition.faces.types import FaceEngine, Floats, Image

CUDA: Final = "CUDAExecutionProvider"
CPU: Final = "CPUExecutionProvider"
LOOKS: Final = 50
BATCHES: Final = (1, 8, 32, 64, 128, 256)
SECONDS: Final = 2.0
"""Each batch size is run for so long, after as many runs to warm up as that of `WARM_UP`."""
WARM_UP: Final = 10
DIMENSION: Final = 512


def multiply_adds(model: bytes) -> float:
    """Multiplications with an addition of one face: those of its convolutions and matrix products."""
    import onnx
    from onnx import numpy_helper, shape_inference

    proto = onnx.load_from_string(model)
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    shapes = {
        value.name: [axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*shape_inference.infer_shapes(proto).graph.value_info, *proto.graph.output)
    }
    weights = {one.name: numpy_helper.to_array(one).shape for one in proto.graph.initializer}
    total = 0.0
    for node in proto.graph.node:
        kernel = next((weights[name] for name in node.input if len(weights.get(name, ())) > 1), None)
        if kernel is None or node.op_type not in {"Conv", "Gemm", "MatMul"}:
            continue
        if node.op_type == "Conv":  # each output pixel: the kernel's size for each output channel
            _, _, height, width = shapes[node.output[0]]
            total += float(np.prod(kernel)) * height * width
        else:
            total += float(np.prod(kernel))
    return total


def faces_per_second(session: Any, batch: int) -> float:
    """Faces embedded per second in batches of `batch`, with IO binding: nothing crosses the bus between runs."""
    x = np.random.default_rng(0).normal(size=(batch, 3, ALIGNED_SIZE_PX, ALIGNED_SIZE_PX)).astype(np.float32)
    binding = session.io_binding()
    binding.bind_ortvalue_input(session.get_inputs()[0].name, ort.OrtValue.ortvalue_from_numpy(x, "cuda", 0))
    binding.bind_output(session.get_outputs()[0].name, "cuda", 0)
    for _ in range(WARM_UP):
        session.run_with_iobinding(binding)
    binding.synchronize_outputs()
    runs, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        session.run_with_iobinding(binding)
        runs += 1
    binding.synchronize_outputs()
    return runs * batch / (time.perf_counter() - began)


def roofline(batch: int, multiply_adds_a_face: float, model_bytes: int, peak_tflops: float, gigabytes: float) -> float:
    """Faces per second that the card could do at most: arithmetic or memory, whichever ends first."""
    face_bytes = 4 * (3 * ALIGNED_SIZE_PX**2 + DIMENSION)
    arithmetic = peak_tflops * 1e12 / (2 * multiply_adds_a_face)
    memory = gigabytes * 1e9 / (face_bytes + model_bytes / batch)
    return min(arithmetic, memory)


def look_at(engine: FaceEngine, frame: Image) -> tuple[Floats, dict[str, float]]:
    """All templates of `frame` (faces x 512), and the median milliseconds of each stage over LOOKS looks."""
    spent: dict[str, list[float]] = {"detect": [], "describe": [], "embed": []}
    for _ in range(WARM_UP + LOOKS):
        began = time.perf_counter()
        found = engine.detect([frame])[0]
        detected = time.perf_counter()
        described = [engine.describe(frame, one) for one in found]
        aligned = time.perf_counter()
        templates = engine.embed([face.aligned for face in described])
        ends = (began, detected, aligned, time.perf_counter())
        for stage, start, end in zip(spent, ends[:-1], ends[1:], strict=True):
            spent[stage].append(1e3 * (end - start))
    return templates, {stage: statistics.median(times[WARM_UP:]) for stage, times in spent.items()}


def compare_engines(photograph: Path, settings: Settings) -> None:
    """Print each stage on the card and on one thread of the processor, and how alike the templates are."""
    frame = cv2.imread(str(photograph), cv2.IMREAD_COLOR)
    if frame is None:
        raise Refused("bench.photograph", f"{photograph} can't be read as a picture: give a PNG or JPEG with faces")
    policy = load_policy(settings.policy_file)
    looked = {}
    for provider in (CUDA, CPU):
        one = settings.model_copy(update={"execution_providers": (provider,), "inference_threads": 1})
        looked[provider] = look_at(build_engine(one, policy), frame)
    (card, card_ms), (processor, processor_ms) = looked[CUDA], looked[CPU]
    if card.shape != processor.shape or not len(card):
        raise Refused("bench.faces", f"{len(card)} faces on the card, {len(processor)} on the processor: no comparison")
    print(f"\n{photograph.name}: {frame.shape[1]} x {frame.shape[0]}, {len(card)} faces, medians of {LOOKS} looks")
    print(f"{'stage':>10}{'card, ms':>12}{'1 thread, ms':>14}")
    for stage in card_ms:
        print(f"{stage:>10}{card_ms[stage]:>12.2f}{processor_ms[stage]:>14.2f}")
    print(f"templates of the same face: cosine at least {float((card * processor).sum(axis=1).min()):.6f}")


def main() -> int:
    """Open the embedder on the card, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peak-tflops", type=float, required=True, help="of float32, from the card's data sheet")
    parser.add_argument("--gigabytes-per-second", type=float, required=True, help="of its memory, from the same")
    parser.add_argument("--photograph", type=Path, help="with faces: the whole engine is timed on it")
    given = parser.parse_args()
    settings = Settings()
    try:
        require_providers([CUDA], ort.get_available_providers(), "in this ONNX Runtime")
        pack = open_pack(settings.pack_folder, acknowledge_licence=settings.acknowledge_model_licence)
        model = pack.read(pack.files["recognition"])
        session = ort.InferenceSession(model, session_options(1), providers=[CUDA])
        require_providers([CUDA], session.get_providers(), "in the session")
        session.disable_fallback()
    except LfrError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    work = multiply_adds(model)
    print(f"{pack.model_id}: {2 * work / 1e9:.2f} GFLOP a face, {len(model) / 1e6:.1f} MB\n")
    print(f"{'batch':>6}{'faces/s':>12}{'roofline':>12}{'share':>8}")
    for batch in BATCHES:
        rate = faces_per_second(session, batch)
        most = roofline(batch, work, len(model), given.peak_tflops, given.gigabytes_per_second)
        print(f"{batch:>6}{rate:>12,.0f}{most:>12,.0f}{rate / most:>8.1%}")
    if given.photograph:
        try:
            compare_engines(given.photograph, settings)
        except LfrError as error:
            sys.stderr.write(f"error: {error}\n")
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
