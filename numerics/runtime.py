"""JAX set up once per process: double precision, host devices, the compilation cache.

Every command calls `start` before it touches JAX; tests do so in `conftest.py`.
"""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The user's cache folder for this project (`XDG_CACHE_HOME`, or `~/.cache`)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "unskew"


def start(*, double: bool = True, devices: int | None = None, cache: bool = True) -> None:
    """Configures JAX; call it before JAX computes anything.

    Args:
      double: float64 on (theory checks). Training passes its dtype explicitly either way.
      devices: number of host devices to split the processor into; only before JAX starts its backend.
      cache: keep compiled programs in `cache_folder()`; a folder that cannot be written only costs time.
    """
    if devices is not None:
        flag = f"--xla_force_host_platform_device_count={devices}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()
    import jax

    jax.config.update("jax_enable_x64", double)
    if cache:
        folder = cache_folder() / "jax"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
