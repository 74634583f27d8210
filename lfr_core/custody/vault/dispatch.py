"""From a request to the method of the vault that does it, and from what that returns to an answer."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import BaseModel

from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.answers import CanaryFrameAnswer
from lfr_core.custody.vault.canary_messages import CollectCanary, TellCanary
from lfr_core.custody.vault.certificates import Peer
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.machines import Machine, Machines
from lfr_core.custody.vault.port import MOST_IDS, FrameKey, KeptKey, KeptKeyInfo

__all__ = ["answer"]


def answer(core: VaultCore, machines: Machines, request: BaseModel, peer: Peer) -> BaseModel:
    """Do what a request of `peer` asks and return the answer. Raises as the methods of the vault."""
    match request:
        case m.SealKey():
            return _frame_key(core.seal_key(request.deployment, request.camera))
        case m.OpenKey():
            return _frame_key(core.open_key(request.key_id))
        case m.CheckGate():
            return m.GateAnswer(lease_s=core.check_gate(request.deployment))
        case TellCanary() | CollectCanary():
            return _about_canaries(core, request)
        case m.LendRecordKey():
            lent = core.record_key(
                request.use,
                actor=request.actor,
                day=request.day,
                deployment=request.deployment,
                camera=request.camera,
            )
            return m.RecordKeyAnswer(day=lent.day, key=lent.key, lease_s=lent.lease_s)
        case m.Now():
            return m.NowAnswer(now_ns=core.trusted_now_ns())
        case m.MakeKey():
            return _kept(
                core.make_key(
                    request.kind,
                    request.deployment,
                    request.subject,
                    request.due_ns,
                    actor=request.actor,
                    camera=request.camera,
                )
            )
        case m.OpenKept():
            who = request.actor.part if isinstance(request.actor, m.Part) else request.actor.name
            return _kept(core.open_kept(request.key_id, actor=who, purpose=request.purpose))
        case m.Kept():
            infos = core.kept(request.kind, request.deployment, after=request.after)
            now = infos[:MOST_IDS]
            return m.KeptAnswer(infos=tuple(_info(info) for info in now), more=len(now) < len(infos))
        case m.HoldKeys():
            core.hold(request.key_ids, held=request.held)
            return m.TextAnswer()
        case m.Destroy():
            gone = core.destroy(request.key_ids, rule=request.rule)
            return m.DestroyedAnswer(
                destroyed=tuple(m.Destroying(info=_info(each.info), destroyed_ns=each.destroyed_ns) for each in gone)
            )
        case m.AdmitMachine() | m.DismissMachine() | m.ListMachines():
            return _about_machines(machines, request)
        case m.PublicKey():
            return m.PublicKeyAnswer(public_key=core.public_key)
        case m.Sign():
            signature = core.sign(request.kind, request.message)
            return m.SignatureAnswer(signature=signature.signature, public_key=signature.public_key)
        case m.LendWriterKey():
            return m.WriterKeyAnswer(**asdict(core.writer_key(request.name, request.person, peer)))
        case _:
            return m.TextAnswer(text=_text(core, request))


def _text(core: VaultCore, request: BaseModel) -> str:
    match request:
        case m.CompareRecords():
            return core.people.compare_records(request.deployment)
        case m.Pseudonym():
            return core.pseudonym(request.name)
        case _:
            return ""


def _about_canaries(core: VaultCore, request: TellCanary | CollectCanary) -> BaseModel:
    match request:
        case TellCanary():
            core.tell_canary(request.canary, request.key_id, request.camera, request.clear, request.stored)
            return m.TextAnswer()
        case CollectCanary():
            sent = core.collect_canary(request.deployment, ask=request.ask)
            return CanaryFrameAnswer() if sent is None else CanaryFrameAnswer(**asdict(sent))


def _about_machines(machines: Machines, request: m.AdmitMachine | m.DismissMachine | m.ListMachines) -> BaseModel:
    match request:
        case m.AdmitMachine():
            return m.AdmissionAnswer(
                content=machines.admit(request.name, request.identities, request.cameras, request.person)
            )
        case m.DismissMachine():
            return m.TextAnswer(text=machines.dismiss(request.name, request.person))
        case m.ListMachines():
            return m.MachinesAnswer(machines=tuple(map(_machine, machines.list())))


def _frame_key(key: FrameKey) -> m.FrameKeyAnswer:
    return m.FrameKeyAnswer(**asdict(key))


def _kept(kept: KeptKey) -> m.KeptKeyAnswer:
    return m.KeptKeyAnswer(info=_info(kept.info), key=kept.key)


def _machine(machine: Machine) -> m.MachineInfo:
    return m.MachineInfo(
        name=machine.name,
        identities=machine.identities,
        cameras=machine.cameras,
        admitted_ns=machine.admitted_ns,
        until_ns=machine.until_ns,
        dismissed_ns=machine.dismissed_ns,
        copied=machine.copied,
    )


def _info(info: KeptKeyInfo) -> m.Info:
    return m.Info(
        id=info.id,
        kind=info.kind,
        deployment=info.deployment,
        subject=info.subject,
        fingerprint=info.fingerprint,
        due_ns=info.due_ns,
        held=info.held,
    )
