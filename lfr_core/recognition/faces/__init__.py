"""Faces: model packs, decoding, detection, landmarks, alignment, quality, embedding, tracking."""
