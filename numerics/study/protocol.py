"""The protocol of the paper's 1-D study as data: functions, samplings, settings, constants.

Source: Pintea, Lin, Dijkstra, van Gemert, *A step towards understanding why classification helps regression*, ICCV 2023, 1-D experiments.
Imports nothing heavy: a command's argument parsing reads the names.
"""

from __future__ import annotations

from dataclasses import dataclass

POOL = 100_000
BINS = 1024
UNIFORM_DRAWS = 59
PEAK_DRAWS = 106
PEAK_CAP = 58_971
FLOOR_DRAWS = 6
INTERVALS = 9
SEEDS = 5
CLASSES = (4, 16, 64, 256, 1024)
HIDDEN = (6, 15)
EPOCHS = 80
BATCH = 256
DECAY = 1e-3


@dataclass(frozen=True)
class Function:
    """`y = A sin(C x) + B sin(D x)` on `[-1, 1]`, `B = 1.5 - A`, `D = C // 3`."""

    A: float
    C: int

    @property
    def B(self) -> float:
        return 1.5 - self.A

    @property
    def D(self) -> int:
        return self.C // 3


FUNCTIONS = (
    Function(0.8444218515250481, 22),
    Function(0.04048437818077755, 25),
    Function(0.48592769656281265, 18),
    Function(0.9677999949201714, 20),
    Function(0.5833820394550312, 15),
    Function(0.5046868558173903, 18),
    Function(0.1397457849666789, 12),
    Function(0.6183689966753316, 17),
    Function(0.9872592010330129, 26),
    Function(0.9827854760376531, 28),
)

# Half-width of the peak window as a share of the range of y; None: no peak.
SAMPLINGS: dict[str, float | None] = {"uniform": None, "mild": 0.3, "moderate": 0.1, "severe": 0.03}


@dataclass(frozen=True)
class Setting:
    """One setting with the learning rate and the `lambda` that the paper gives it.

    Attributes:
      noise: standard deviation of the Gaussian noise on all targets.
      by_input: train, validation and test come from different intervals of `x` (ood).
      learning_rate: Adam's.
      scale: `lambda`.
    """

    noise: float
    by_input: bool
    learning_rate: float
    scale: float


SETTINGS: dict[str, Setting] = {
    "clean": Setting(0.0, False, 1e-3, 100.0),
    "noisy": Setting(0.1, False, 1e-2, 1000.0),
    "ood": Setting(0.0, True, 1e-4, 10_000.0),
}
