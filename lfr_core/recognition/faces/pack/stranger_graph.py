"""Looking at a graph that somebody else made before ONNX Runtime is given it.

A face model needs arithmetic alone. What reads other files, brings operators of its own or repeats without a bound is
refused unrun; the rest is tried in a process whose time and memory are bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lfr_core.common.errors import Refused

if TYPE_CHECKING:
    import onnx

__all__ = ["check_graph"]

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Operators that ONNX Runtime brings itself."""
_REPEATING = frozenset({"Loop", "Scan", "SequenceMap"})
"""What could go on without end; no convolutional or transformer embedder has one."""


def check_graph(data: bytes, name: str) -> None:
    """See that the ONNX file `data` is whole in itself, and that it ends.

    Raises:
        Refused: `models.not-a-model`: it isn't ONNX, keeps numbers in other files, or has operators of its own or such
            as repeat.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise _refused(f"{name} isn't an ONNX graph") from error
    if not model.graph.node:
        raise _refused(f"{name} isn't an ONNX graph, or an empty one")
    for graph in _graphs(model):
        for tensor in _tensors(graph):
            if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
                raise _refused(f"{name} keeps numbers in another file: save it with all of them inside, as one file")
        for node in graph.node:
            if node.domain not in _DOMAINS:
                raise _refused(f"{name} needs operators of its own ({node.domain}), which aren't run")
            if node.op_type in _REPEATING:
                raise _refused(f"{name} repeats ({node.op_type}), so nobody can say that it ends; a face model doesn't")


def _graphs(model: onnx.ModelProto) -> Iterator[onnx.GraphProto | onnx.FunctionProto]:
    """Give the graph, the model's functions, and every graph within a node of them."""
    waiting: list[onnx.GraphProto | onnx.FunctionProto] = [model.graph, *model.functions]
    while waiting:
        graph = waiting.pop()
        yield graph
        for node in graph.node:
            for attribute in node.attribute:
                waiting += [attribute.g] if attribute.HasField("g") else []
                waiting += attribute.graphs


def _tensors(graph: onnx.GraphProto | onnx.FunctionProto) -> Iterator[onnx.TensorProto]:
    yield from getattr(graph, "initializer", ())
    sparse = list(getattr(graph, "sparse_initializer", ()))
    for node in graph.node:
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            sparse += [attribute.sparse_tensor, *attribute.sparse_tensors]
    for one in sparse:
        yield from (one.values, one.indices)


def _refused(words: str) -> Refused:
    return Refused("models.not-a-model", words)
