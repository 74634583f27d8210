"""Proof that the chain works: the drawn test face, what became of it, the self-test, and the fuse."""

from lfr_core.proof.face import PROOF_CAMERA, PROOF_ENTRY, proof_frame, proof_template

__all__ = ["PROOF_CAMERA", "PROOF_ENTRY", "proof_frame", "proof_template"]
