"""Graph surgery on the open pack: a dynamic batch axis, and the detector at other input sizes.

Pure functions from an ONNX file's bytes to another's. Weights are never touched; `lfr models verify` shows
that the outputs stay the same. Facts about the graphs are from docs/facts.md#faces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lfr_core.common.errors import Fatal

if TYPE_CHECKING:
    import onnx

    from lfr_core.recognition.faces.types import Floats

__all__ = ["detector_for", "priors", "with_dynamic_batch"]

STRIDES_PX = (8, 16, 32, 64)
PRIOR_BOXES_PX = ((10, 16, 24), (32, 48), (64, 96), (128, 192, 256))
PRIOR_SIZE_CONSTANTS = ("467", "475")
PRIOR_CENTRE_CONSTANT = "469"
BATCH = "batch"


def priors(width: int, height: int) -> tuple[Floats, Floats]:
    """Return the detector's prior boxes for an input of `width` x `height` pixels.

    Centres are (i + 0.5) / ceil(size / stride), not (i + 0.5) * stride / size (docs/facts.md#faces), and no box is
    larger than the input: so made, those of 320 x 240 equal the published graph (tests/integration/recognition).

    Returns:
        centres and sizes, each of shape (1, n, 2), (x, y) relative to the input, row by row, small boxes first.
    """
    centres: list[Floats] = []
    sizes: list[Floats] = []
    for stride, boxes in zip(STRIDES_PX, PRIOR_BOXES_PX, strict=True):
        columns, rows = -(-width // stride), -(-height // stride)
        x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
        cells = np.stack([x.ravel(), y.ravel()], axis=1)
        shape = np.array([[min(side / width, 1.0), min(side / height, 1.0)] for side in boxes])
        centres.append(np.repeat(cells, len(boxes), axis=0).astype(np.float32))
        sizes.append(np.tile(shape, (len(cells), 1)).astype(np.float32))
    return np.concatenate(centres)[None], np.concatenate(sizes)[None]


def with_dynamic_batch(model: bytes) -> bytes:
    """Return the same graph with a symbolic first axis on every input and output.

    A Reshape whose target bakes in a batch of 1 (`[1, -1]`, as in the embedder) is opened too: making the
    input dynamic alone returns three faces as one row of 1,536.

    Raises:
        Fatal: `model` isn't an ONNX graph.
    """
    proto = _parse(model)
    _open_batch(proto)
    return _serialise(proto)


def detector_for(model: bytes, width: int, height: int) -> bytes:
    """Return the detector with a dynamic batch and an input of `width` x `height` pixels.

    Raises:
        Fatal: `model` isn't the open pack's detector.
    """
    from onnx import numpy_helper

    if min(width, height) < STRIDES_PX[-1]:
        raise Fatal(f"a detector input of {width}x{height} is too small: the least is 64x64")
    proto = _parse(model)
    _open_batch(proto)
    centres, sizes = priors(width, height)
    wanted = {PRIOR_CENTRE_CONSTANT: centres} | dict.fromkeys(PRIOR_SIZE_CONSTANTS, sizes)
    for node in proto.graph.node:
        if node.op_type == "Constant" and node.output[0] in wanted:
            node.attribute[0].t.CopyFrom(numpy_helper.from_array(wanted.pop(node.output[0])))
    if wanted:
        raise Fatal(f"this is not the open pack's detector: it has no prior constants {', '.join(sorted(wanted))}")
    axes = proto.graph.input[0].type.tensor_type.shape.dim
    axes[2].dim_value, axes[3].dim_value = height, width
    for output in proto.graph.output:
        output.type.tensor_type.shape.dim[1].dim_value = centres.shape[1]
    return _serialise(proto)


def _open_batch(proto: onnx.ModelProto) -> None:
    from onnx import numpy_helper

    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    last_axis = {value.name: value.type.tensor_type.shape.dim[-1].dim_value for value in proto.graph.output}
    targets = {node.input[1]: node.output[0] for node in proto.graph.node if node.op_type == "Reshape"}
    for constant in proto.graph.initializer:
        if constant.name in targets:
            shape = numpy_helper.to_array(constant).tolist()
            if shape == [1, -1]:
                opened = np.array([-1, last_axis[targets[constant.name]]], dtype=np.int64)
                constant.CopyFrom(numpy_helper.from_array(opened, name=constant.name))


def _parse(model: bytes) -> onnx.ModelProto:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types

    try:
        return onnx.load_model_from_string(model)
    except DecodeError as error:
        raise Fatal("a model file isn't ONNX; run `lfr models install` again") from error


def _serialise(proto: onnx.ModelProto) -> bytes:
    import onnx

    onnx.checker.check_model(proto)
    # deterministic: the same graph gives the same bytes, so that hashes of two installs can be compared
    data: bytes = proto.SerializeToString(deterministic=True)
    return data
