"""How long tests wait: a busy machine is slow, and that is no failure of what is tested."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 120.0
"""What must happen has happened by then. This is how long a busy machine is given, not what is expected."""

PATIENCE_MS = round(PATIENCE_S * 1000)
"""The same for Qt and the browser."""

AT_ONCE_S = 30.0
"""What must not wait for something that hangs has answered by then; `HANGS_S` is longer."""

HANGS_S = 60.0
"""What hangs until a test lets it go hangs for so long at most, so that a test that forgets it ends."""


def eventually(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> bool:
    """Wait until a condition holds that another thread or process brings about; return whether it does."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return bool(condition())
        time.sleep(0.01)
    return True
