"""JAX set up once per process: double precision, host devices, the compilation cache.

Every command calls `start` before it touches JAX; tests do so in `conftest.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from unskew.ground import interrupt
from unskew.ground.refusals import InputError


def cache_folder() -> Path:
    """The user's cache folder for this project (`XDG_CACHE_HOME`, or `~/.cache`)."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "unskew"


OURS = re.compile(r"(\s|--xla_force_host_platform_device_count=\d+|--xla_cpu_multi_thread_eigen=false)*")
"""Flags that this project sets itself; a worker inherits them."""


def start(*, double: bool = True, devices: int | None = None, cache: bool = True) -> None:
    """Configures JAX; call it before JAX computes anything.

    Args:
      double: float64 on (theory checks). Training passes its dtype explicitly either way.
      devices: number of host devices to split the processor into; only before JAX starts its backend.
      cache: keep compiled programs in `cache_folder()`; a folder that cannot be written only costs time.

    Raises:
      InputError: an environment variable of JAX or XLA that they do not understand.
    """
    _check_flags(os.environ.get("XLA_FLAGS", ""))
    if devices is not None:
        flag = f"--xla_force_host_platform_device_count={devices}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()
    variables = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("JAX_")]
    try:
        import jax

        jax.config.update("jax_enable_x64", double)
        if variables:
            # Otherwise left to the first computation, before which a caller may still ask for devices.
            jax.devices()
    except (ValueError, RuntimeError, AssertionError) as problem:
        if not variables:
            raise
        raise InputError(
            f"JAX does not start with {', '.join(variables)} ({str(problem) or type(problem).__name__})",
            "unset or mend these environment variables",
        ) from problem
    if cache:
        folder = cache_folder() / "jax"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def _check_flags(flags: str) -> None:
    """Refuses flags of the user's that XLA does not know: it would end the process, so another process asks it first."""
    if OURS.fullmatch(flags) or "jax" in sys.modules:
        return
    with interrupt.child([sys.executable, "-c", "import jax; jax.devices()"], stderr=subprocess.PIPE) as process:
        _, problems = process.communicate()
    if process.returncode:
        reasons = [line.rpartition("] ")[2] for line in problems.splitlines() if "] " in line and "XLA_FLAGS" in line]
        reason = f" ({reasons[0]})" if reasons else ""
        raise InputError(f"XLA does not start with XLA_FLAGS={flags}{reason}", "unset or mend it")
