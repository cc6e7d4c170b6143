"""Annotated video and snapshots, written only when the operator asks."""
