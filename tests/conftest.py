"""Shared by all tests: double precision, real data where it is present, hypothesis profile."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from numerics import runtime

runtime.start()
# Derandomised so that a red run is a change of ours, never of the dice; no deadline because first calls compile.
settings.register_profile("house", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def real_data():
    """A function from a file's name to its path; skips the test where the file is absent."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"real data {name} is not on this machine (shared/data beside the checkout)")
        return path

    return find
