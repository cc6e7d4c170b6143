"""Sharing of equal weights inside a LiteRT file.

The converter stores the weights of each signature on their own. They are the same numbers, so pointing both at one
buffer halves the file.
"""

from __future__ import annotations

import hashlib

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
from ai_edge_litert import schema_py_generated as schema


def share_buffers(content: bytes) -> bytes:
    """Return the LiteRT model with equal constant buffers stored once; what it computes does not change."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    first_of: dict[bytes, int] = {}
    target = list(range(len(model.buffers)))
    for i, buffer in enumerate(model.buffers):
        if i == 0 or buffer.data is None or len(buffer.data) == 0:
            continue  # buffer 0 means "no data" by convention
        digest = hashlib.sha256(np.asarray(buffer.data, np.uint8).tobytes()).digest()
        target[i] = first_of.setdefault(digest, i)
    kept = [i for i in range(len(model.buffers)) if target[i] == i]
    place = {old: new for new, old in enumerate(kept)}
    model.buffers = [model.buffers[i] for i in kept]
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.buffer = place[target[tensor.buffer]]
    for entry in model.metadata or []:
        entry.buffer = place[target[entry.buffer]]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
