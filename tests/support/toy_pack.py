"""A package like the open pack's, with toy graphs: the whole install without network or weights."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, load_model_from_string, numpy_helper

from lfr_core.recognition.faces.pack.pins import Original, PackageSource, PackPins, PackRecipe, Task
from lfr_core.recognition.faces.pack.surgery import priors

__all__ = ["hostile_embedders", "toy_detector", "toy_embedder", "toy_pins", "toy_tarball"]

MEMBERS: dict[Task, str] = {
    "detection": "package/model/fr_detect.onnx",
    "landmarks": "package/model/fr_landmark.onnx",
    "recognition": "package/model/fr_feature.onnx",
}
LICENCE = b"a licence\n"
DIMENSION = 512


def toy_embedder(channels: int = 3, size: int = 112, dimension: int = 512) -> bytes:
    """Pools to a 4 x 4 grid, multiplies by fixed weights, and ends in a Reshape that bakes in a batch of 1."""
    weights = np.random.default_rng(3).normal(size=(dimension, channels, 4, 4)).astype(np.float32)
    nodes = [
        helper.make_node("AveragePool", ["input"], ["pooled"], kernel_shape=[size // 4] * 2, strides=[size // 4] * 2),
        helper.make_node("Conv", ["pooled", "w"], ["features"], kernel_shape=[4, 4]),
        helper.make_node("Reshape", ["features", "shape"], ["output"]),
    ]
    constants = {"w": weights, "shape": np.array([1, -1], dtype=np.int64)}
    return _model(nodes, {"input": [1, channels, size, size]}, {"output": [1, dimension]}, constants)


def toy_detector() -> bytes:
    """Gives its priors back as boxes, moved by the mean of the image; the constants are named as in the real one."""
    centres, sizes = priors(320, 240)
    count = centres.shape[1]
    constants = {"469": centres, "467": sizes, "475": sizes}
    nodes = [
        helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))
        for name, value in constants.items()
    ]
    nodes += [
        helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["mean", "per_image"], ["shift"]),
        helper.make_node("Add", ["469", "shift"], ["centres"]),
        helper.make_node("Add", ["467", "shift"], ["widths"]),
        helper.make_node("Concat", ["centres", "widths"], ["boxes"], axis=2),
        helper.make_node("Add", ["475", "shift"], ["scores"]),
    ]
    return _model(
        nodes,
        {"input": [1, 3, 240, 320]},
        {"scores": [1, count, 2], "boxes": [1, count, 4]},
        {"per_image": np.array([-1, 1, 1], dtype=np.int64)},
    )


def hostile_embedders() -> dict[str, bytes]:
    """What a graph from a stranger may try, by what it is: each takes a face and says that it gives a template."""
    found = {"no graph": b"\x89PNG not a model", "empty": b""}

    def changed(of: str, change: Callable[[ModelProto], None]) -> None:
        model = load_model_from_string(toy_embedder())
        change(model)
        found[of] = model.SerializeToString()

    def lead_elsewhere(model: ModelProto) -> None:
        weights = next(one for one in model.graph.initializer if one.name == "w")
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        weights.external_data.add(key="location", value="/etc/passwd")

    def repeat(model: ModelProto) -> None:
        again = [helper.make_node("Identity", ["going"], ["go"]), helper.make_node("Identity", ["had"], ["has"])]
        body = helper.make_graph(
            again,
            "body",
            [
                helper.make_tensor_value_info("turn", TensorProto.INT64, []),
                helper.make_tensor_value_info("going", TensorProto.BOOL, []),
                helper.make_tensor_value_info("had", TensorProto.FLOAT, [1, DIMENSION]),
            ],
            [
                helper.make_tensor_value_info("go", TensorProto.BOOL, []),
                helper.make_tensor_value_info("has", TensorProto.FLOAT, [1, DIMENSION]),
            ],
        )
        model.graph.node[-1].output[0] = "once"
        model.graph.initializer.append(numpy_helper.from_array(np.array(2**60, dtype=np.int64), name="turns"))
        model.graph.initializer.append(numpy_helper.from_array(np.ones((), np.bool_), name="always"))
        model.graph.node.append(helper.make_node("Loop", ["turns", "always", "once"], ["output"], body=body))

    def own_operator(model: ModelProto) -> None:
        model.graph.node[0].domain = "org.stranger"
        model.opset_import.add(domain="org.stranger", version=1)

    for of, change in (
        ("reads another file", lead_elsewhere),
        ("repeats without end", repeat),
        ("needs 40 GB", _need_memory),
        ("takes hours", _need_hours),
        ("an operator of its own", own_operator),
    ):
        changed(of, change)
    return found


def _need_memory(model: ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 10**10], dtype=np.int64), name="huge"))
    model.graph.node[-1].output[0] = "small"
    model.graph.node.append(helper.make_node("ReduceMean", ["small"], ["mean"], axes=[1], keepdims=1))
    model.graph.node.append(helper.make_node("Expand", ["mean", "huge"], ["wide"]))
    model.graph.node.append(helper.make_node("ReduceMax", ["wide"], ["most"], axes=[1], keepdims=1))
    model.graph.node.append(helper.make_node("Add", ["small", "most"], ["output"]))


def _need_hours(model: ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.array([4096, 4096], dtype=np.int64), name="square"))
    model.graph.node[-1].output[0] = "small"
    model.graph.node.append(helper.make_node("ReduceMean", ["small"], ["mean"], axes=[1], keepdims=1))
    model.graph.node.append(helper.make_node("Expand", ["mean", "square"], ["product0"]))
    for turn in range(1_000):  # 137 billion multiplications each
        operands = [f"product{turn}"] * 2
        model.graph.node.append(helper.make_node("MatMul", operands, [f"product{turn + 1}"]))
    model.graph.node.append(helper.make_node("ReduceMax", ["product1000"], ["most"], keepdims=1))
    model.graph.node.append(helper.make_node("Add", ["small", "most"], ["output"]))


def toy_tarball(folder: Path, *, graphs: dict[Task, bytes] | None = None) -> Path:
    """`npm pack`'s file with toy graphs."""
    contents = {MEMBERS[task]: data for task, data in (graphs or _graphs()).items()}
    contents["package/LICENSE"] = LICENCE
    path = folder / "toy-1.0.0.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def toy_pins(tarball: Path) -> PackPins:
    """Pins that fit the toy package."""
    digest = hashlib.sha256
    return PackPins(
        package=PackageSource(
            name="toy",
            version="1.0.0",
            sha256=digest(tarball.read_bytes()).hexdigest(),
            bytes=tarball.stat().st_size,
            licence="MIT",
            licence_member="package/LICENSE",
            licence_sha256=digest(LICENCE).hexdigest(),
        ),
        pack=PackRecipe(
            model_id="toy-1.0.0",
            display_name="Toy",
            mean=127.0,
            std=128.0,
            detector_sizes=((320, 240), (512, 288)),
        ),
        originals={
            task: Original(member=MEMBERS[task], sha256=digest(data).hexdigest()) for task, data in _graphs().items()
        },
    )


def _graphs() -> dict[Task, bytes]:
    return {
        "detection": toy_detector(),
        "landmarks": toy_embedder(channels=1, size=64, dimension=136),
        "recognition": toy_embedder(),
    }


def _model(
    nodes: list[object], inputs: dict[str, list[int]], outputs: dict[str, list[int]], constants: dict[str, object]
) -> bytes:
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(value, name=name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 9)], ir_version=7)
    data: bytes = model.SerializeToString(deterministic=True)
    return data
