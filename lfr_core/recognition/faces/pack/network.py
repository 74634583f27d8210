"""One ONNX Runtime session, opened the way OpenLFR wants all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lfr_core.common.errors import Fatal
from lfr_core.recognition.faces.types import Floats

if TYPE_CHECKING:
    import onnxruntime as ort

__all__ = ["LoadedGraph", "graph_errors", "require_providers", "session_options"]


def graph_errors(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what ONNX Runtime raises, and `others`: its own errors have no ancestor but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [each for each in vars(state).values() if isinstance(each, type) and issubclass(each, Exception)]
    return (*own, RuntimeError, ValueError, MemoryError, *others)


def session_options(threads: int) -> ort.SessionOptions:
    """Make options: `threads` within an operator, no spin-waiting, every graph optimisation (docs/facts.md#faces)."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors; its warnings are about graph details that verify checks
    return options


def require_providers(wanted: Sequence[str], present: Sequence[str], where: str) -> None:
    """Refuse to go on when an execution provider that was asked for isn't there.

    ONNX Runtime would fall back to the CPU silently, and a deployment planned for a GPU would fall behind.

    Raises:
        Fatal: one of `wanted` isn't in `present`, or none is wanted.
    """
    if not wanted:
        raise Fatal('no execution provider is set: set LFR_EXECUTION_PROVIDERS, for example ["CPUExecutionProvider"]')
    absent = [name for name in wanted if name not in present]
    if absent:
        raise Fatal(
            f"{', '.join(absent)} was asked for and isn't {where} (there: {', '.join(present)}). Install the `gpu` "
            "extra and the GPU's driver, or set LFR_EXECUTION_PROVIDERS to what is there. OpenLFR never "
            "falls back by itself."
        )


class LoadedGraph:
    """A model ready to run. Safe to call from several threads."""

    def __init__(self, model: bytes, *, providers: Sequence[str], threads: int, name: str) -> None:
        """Open a session on the bytes of an ONNX file.

        Raises:
            Fatal: a provider that was asked for isn't in the session, or the bytes aren't a model.
        """
        import onnxruntime as ort

        require_providers(providers, ort.get_available_providers(), "in this ONNX Runtime")
        try:
            self._session = ort.InferenceSession(model, session_options(threads), providers=list(providers))
        except graph_errors() as error:
            raise Fatal(f"the model {name} can't be loaded: {error}. Run `lfr models verify`.") from error
        require_providers(providers, self._session.get_providers(), "in the session")
        self._session.disable_fallback()
        self._input = self._session.get_inputs()[0].name
        self.name = name

    @property
    def providers(self) -> tuple[str, ...]:
        """The execution providers in the session, the preferred first."""
        return tuple(self._session.get_providers())

    @property
    def input_shape(self) -> tuple[int | str, ...]:
        """N, C, H, W; a word where the axis is dynamic."""
        return tuple(self._session.get_inputs()[0].shape)

    @property
    def output_names(self) -> tuple[str, ...]:
        """In the order that `run` returns them."""
        return tuple(output.name for output in self._session.get_outputs())

    def run(self, x: Floats) -> list[Floats]:
        """Compute every output, in graph order, of a batch `x` of shape (N, C, H, W), float32."""
        outputs: list[Floats] = self._session.run(None, {self._input: x})
        return outputs
