"""Great Expectations' results of watchlists: a folder a deployment, gone when the deployment has ended."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from lfr_core.common.errors import LfrError, Retryable
from lfr_core.retention.folders import Tree, entries, measure_tree, remove_tree
from lfr_core.retention.port import Audited, Destroyed, Due, PurgeResult, subject
from lfr_core.retention.steps.ended_deployments import deployments

__all__ = ["QualityStep"]

_NS_PER_H = 3_600 * 10**9


class QualityStep:
    """`folder/DEPLOYMENT`, whatever is in it. Of a deployment nobody knows: once untouched for `stranger_h` hours."""

    name = "quality"
    audited = Audited.ORDERED

    def __init__(self, engine: Engine, folder: Path, *, stranger_h: int) -> None:
        self._engine = engine
        self._folder = folder
        self._stranger_ns = stranger_h * _NS_PER_H

    def due(self, now_ns: int) -> tuple[Due, ...]:
        """Return what is due by `now_ns`. Raises Retryable when the folder or the records can't be read."""
        return tuple(self._old(now_ns).values())

    def purge(self, now_ns: int) -> PurgeResult:
        gone: list[Destroyed] = []
        failures: list[LfrError] = []
        for name, due in self._old(now_ns).items():
            try:
                tree = remove_tree(self._folder, name)
            except OSError as error:
                tree = Tree(left=[str(error.strerror)])
            if tree.left:
                failures.append(Retryable(f"{due.subject} can't be removed: {tree.left[0]}. Mend its owner or mode"))
            else:
                gone.append(Destroyed(due.subject, due.due_ns, due.deployment, {"files": tree.files}))
        return PurgeResult(tuple(gone), tuple(failures))

    def _old(self, now_ns: int) -> dict[str, Due]:
        """Find what is due, by the folder's name."""
        due: dict[str, Due] = {}
        try:
            names = entries(self._folder)
            known = deployments(self._engine)
            for name in names:
                if name in known.ended_ns:
                    due[name] = Due(subject("quality", name), known.ended_ns[name], name)
                elif name not in known.going:
                    newest_ns = measure_tree(self._folder, name).newest_ns
                    due[name] = Due(subject("quality", name), newest_ns + self._stranger_ns)
        except OSError as error:
            raise Retryable(f"{self._folder} can't be read: {error.strerror}. Mend its owner or mode") from error
        return {name: each for name, each in due.items() if each.due_ns <= now_ns}
