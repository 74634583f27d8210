"""The vault without a terminal: what `lfr up` starts."""

from __future__ import annotations

from apps.vault.process import run_vault
from lfr_core.custody.program import run_program
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["main"]


def main() -> int:
    """Run until asked to stop. Returns the exit code."""
    return run_program(run_vault, identity=ProcessIdentity.VAULT, event="vault_ends")


if __name__ == "__main__":
    raise SystemExit(main())
