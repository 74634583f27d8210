"""The vault without a terminal: what `lfr up` starts."""

from __future__ import annotations

import sys

from apps.vault.process import run_vault
from lfr_core.common.errors import Fatal, LfrError
from lfr_core.common.logs import configure_logs, get_logger
from lfr_core.common.settings import load_settings
from lfr_core.custody.installation import Installation


def main() -> int:
    """Run until told to stop. Returns the exit code."""
    try:
        settings = load_settings()
    except Fatal as error:
        sys.stderr.write(f"error {error}\n")
        return error.exit_code
    configure_logs(settings.log_level)
    try:
        with Installation(settings) as installation:
            run_vault(installation)
    except LfrError as error:
        get_logger().critical("vault_ends", reason=str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
