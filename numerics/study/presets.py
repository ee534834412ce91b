"""The study's defaults and presets as data. Every preset carries the placebo and scale-matched controls, those of all nine arms the no-decay control too."""

from __future__ import annotations

from typing import Any

from numerics.study import protocol
from numerics.study.arms import NAMES as ARMS

SETTINGS = tuple(protocol.SETTINGS)
SAMPLINGS = tuple(protocol.SAMPLINGS)
CLASSES = protocol.CLASSES
FUNCTIONS = len(protocol.FUNCTIONS)
SEEDS = protocol.SEEDS

LEARNING_RATE = {name: setting.learning_rate for name, setting in protocol.SETTINGS.items()}
SCALE = {name: setting.scale for name, setting in protocol.SETTINGS.items()}
NOISE = {name: setting.noise for name, setting in protocol.SETTINGS.items()}
"""Standard deviation of the noise on the targets."""

SGD_RATE = 0.1
"""Plain gradient descent takes `SGD_RATE / lambda`: the curvature of `lambda MSE` grows with `lambda`, and a rate above 2 over it diverges."""

CONTROLLED = ("reg", "reg_scaled", "reg_cls", "reg_cls_placebo")
"""The arms of the claim and of its controls at one decay."""

PRESETS: dict[str, dict[str, Any]] = {
    # The protocol as it stands, all arms.
    "paper": {"setting": SETTINGS, "sampling": SAMPLINGS, "classes": CLASSES, "arms": ARMS},
    # The clean setting with every sampling and arm and three class counts: five minutes on two idle cores. What `make paper` runs.
    "paper-quick": {"setting": ("clean",), "sampling": SAMPLINGS, "classes": (4, 16, 64), "arms": ARMS},
    # The two settings with noise or other inputs, every class count, the arms of the claim and of its scale and placebo controls.
    "paper-noisy-ood": {"setting": ("noisy", "ood"), "sampling": SAMPLINGS, "classes": CLASSES, "arms": CONTROLLED},
    # Many functions drawn from the law of the ten, one class count: power to decide. A function more tells more than a seed more.
    "drawn": {
        "setting": ("clean", "noisy"),
        "sampling": SAMPLINGS,
        "classes": (64,),
        "arms": CONTROLLED,
        "functions": 0,
        "drawn": 150,
        "seeds": 2,
    },
    # The setting in which the paper's effect is largest.
    "severe": {"setting": ("clean",), "sampling": ("severe",), "classes": CLASSES, "arms": ARMS},
    # Seconds, every path once; far too short to conclude anything.
    "smoke": {
        "setting": ("clean",),
        "sampling": ("uniform", "severe"),
        "classes": (4, 16),
        "arms": ARMS,
        "functions": 3,
        "seeds": 2,
        "epochs": 1,
    },
    # Conditions around the protocol's, one claim each; decay is an axis, so the no-decay arms would repeat it.
    "map": {
        "setting": ("clean",),
        "sampling": ("severe",),
        "classes": (4, 64),
        "arms": CONTROLLED,
        "optimizer": ("adam", "sgd"),
        "width": (5, 9, 17, 33, 65),
        "decay": (0.0, 1e-4, 1e-3),
        "scale": (1.0, 100.0),
        "noise": (0.0, 0.1),
    },
}
