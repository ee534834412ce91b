"""JAX in double precision, for the comparison of the two frameworks; PyTorch on one thread, since tensors here are small."""

from __future__ import annotations

import torch

from numerics import runtime

runtime.start()
torch.set_num_threads(1)
