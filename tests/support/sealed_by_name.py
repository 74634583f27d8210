"""Functions of seals and of the keys for them, for which a name is enough, and why."""

from __future__ import annotations

__all__ = ["BY_NAME"]

_SEALED = {
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

BY_NAME = _SEALED | {
    "alerts.answers.take_back": "the decision's service has asked",
    "alerts.answers.write_answer": "the decision's service has asked",
    "custody.audit.entry.write_body": "a pseudonym",
    "custody.people.identities.end_use": "the register has asked",
    "custody.people.identities.add_link": "the register has asked",
    "custody.audit.record_rights.may_record": "a pseudonym",
    "custody.audit.row_seals.is_sealed": "the vault has asked for the login",
    "custody.audit.trail.AuditTrail.seal": "the vault asks for the login",
    "custody.audit.vault_records.TrailRecords.is_sealed": "the vault has asked for the login",
    "deployments.announcement.AnnouncementStore.add": "the withholding's service has asked",
    "deployments.reading.answer_calls": "the step's service has asked",
    "deployments.record.note_step": "the step's service has asked",
    "domain.actors.is_part": "a pseudonym",
    "domain.actors.may_write": "a pseudonym",
    "publication.rights.sealed.read_closing_key": "the request's service has asked",
    "publication.rights.service.RightsService.append": "the request's service has asked",
    "retention.footage.complaint_holds.place_hold": "the request's service has asked",
    "retention.footage.hold_approval.check_two_people": "names on record are compared",
    "retention.footage.hold_writer.HoldWriter.confirm": "the hold's service has asked",
    "retention.footage.hold_writer.HoldWriter.place": "the hold's service has asked",
    "watchlists.face_choices.FaceChoice.of": "the chooser has asked",
    "apps.compliance.trail_words.who_acted": "a pseudonym",
    "apps.doctor.open_ports.embedded_port": "words about a port",
    "apps.synthetic_street.truth.make_pass_truth": "somebody who is drawn",
    "apps.planner.jobs.Jobs.start": "who is shown what came of it; whose work it is has been asked",
}
"""Takes a person as a text, and why a name is enough there."""
