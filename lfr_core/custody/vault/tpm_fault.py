"""What is wrong with the TPM in the words of the vault that runs, left beside the keystore for whoever asks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lfr_core.common.files import SETTINGS_BYTES, read_bounded
from lfr_core.custody.vault.files import write_private

__all__ = ["keep_tpm_fault", "read_tpm_fault"]

_FILE: Final = "tpm-fault.txt"


def keep_tpm_fault(folder: Path, fault: str) -> None:
    """Leave in `folder` what is wrong; empty: nothing. Raises Refused `vault.keystore`, OSError."""
    if fault:
        write_private(folder / _FILE, fault.encode())
    else:
        (folder / _FILE).unlink(missing_ok=True)


def read_tpm_fault(folder: Path) -> str:
    """Read what is wrong; empty: nothing, or the vault hasn't said."""
    try:
        return read_bounded(folder / _FILE, SETTINGS_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{folder / _FILE} can't be read ({error.strerror})"
