"""Random streams by name: the same name and key give the same numbers, whatever else is drawn.

Philox is counter-based and NumPy keeps its raw output stable; a name is hashed with SHA-256, so no two purposes share a stream.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np


def stream(purpose: str, *key: int | str | bool) -> np.random.Generator:
    """An independent generator for one purpose.

    Args:
      purpose: what the numbers are for (`pool`, `weights`).
      key: everything that shall change them, and nothing else.
    """
    digest = hashlib.sha256(json.dumps([purpose, *key]).encode()).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest[:16], dtype="<u8")))
