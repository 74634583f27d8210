"""Functions of seals and of the keys for them, for which a name is enough, and why."""

from __future__ import annotations

__all__ = ["SEALED_BY_NAME"]

SEALED_BY_NAME = {
    "custody.vault.client.VaultClient.admit_machine": "the vault takes names (docs/security.md)",
    "custody.vault.client.VaultClient.dismiss_machine": "the vault takes names (docs/security.md)",
    "custody.vault.client.VaultClient.writer_key": "the vault takes names (docs/security.md)",
    "custody.vault.core.VaultCore.writer_key": "the vault takes names (docs/security.md)",
    "custody.vault.machines.Machines.admit": "the vault takes names (docs/security.md)",
    "custody.vault.machines.Machines.dismiss": "the vault takes names (docs/security.md)",
    "custody.audit.record_rights.may_record": "a pseudonym",
    "custody.audit.row_seals.is_sealed": "the vault has asked for the login",
    "custody.audit.trail.AuditTrail.seal": "the vault asks for the login",
    "custody.audit.vault_records.TrailRecords.is_sealed": "the vault has asked for the login",
    "custody.vault.writer_keys.WriterKeys.pseudonym": "the vault has asked for the login",
    "custody.vault.writer_keys.WriterKeys.writer_key": "the vault has asked for the login",
}
