"""A graph of SCRFD's shape that always sees one face, at a place of our choosing, unless the image is black.

insightface's own weights may not be used here (non-commercial), so this stands in for them under insightface's
real SCRFD code: anchors, strides, letterbox, suppression.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

__all__ = ["INPUT_PX", "toy_scrfd"]

INPUT_PX = 640
STRIDES_PX = (8, 16, 32)
ANCHORS = 2


def toy_scrfd(box: np.ndarray, points: np.ndarray) -> bytes:
    """Box (4,) x1, y1, x2, y2 and five points (5, 2) in pixels of the 640 x 640 input; score 0.9."""
    stride = STRIDES_PX[1]
    columns = INPUT_PX // stride
    column, row = (int((box[0] + box[2]) / 2) // stride, int((box[1] + box[3]) / 2) // stride)
    x, y = column * stride, row * stride
    constants: dict[str, np.ndarray] = {}
    for s in STRIDES_PX:
        count = ANCHORS * (INPUT_PX // s) ** 2
        scores, distances, offsets = (np.zeros((count, n), dtype=np.float32) for n in (1, 4, 10))
        if s == stride:
            anchor = ANCHORS * (row * columns + column)
            scores[anchor] = 0.9
            distances[anchor] = np.array([x - box[0], y - box[1], box[2] - x, box[3] - y]) / stride
            offsets[anchor] = ((points - [x, y]) / stride).ravel()
        constants |= {f"score_{s}": scores, f"box_{s}": distances, f"points_{s}": offsets}
    names = [f"{kind}_{s}" for kind in ("score", "box", "points") for s in STRIDES_PX]
    nodes = [
        helper.make_node("ReduceMax", ["input"], ["brightest"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Greater", ["brightest", "dark"], ["lit"]),
        helper.make_node("Cast", ["lit"], ["seen"], to=TensorProto.FLOAT),
    ]
    nodes += [
        helper.make_node(
            "Mul" if name.startswith("score") else "Identity",
            [name, "seen"][: 1 + name.startswith("score")],
            [f"out_{name}"],
        )
        for name in names
    ]
    graph = helper.make_graph(
        nodes,
        "toy-scrfd",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, INPUT_PX, INPUT_PX])],
        [helper.make_tensor_value_info(f"out_{name}", TensorProto.FLOAT, constants[name].shape) for name in names],
        [numpy_helper.from_array(value, name=name) for name, value in constants.items()]
        + [numpy_helper.from_array(np.array([-0.9], dtype=np.float32), name="dark")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=7)
    data: bytes = model.SerializeToString()
    return data
