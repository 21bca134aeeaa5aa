"""How scores become metrics."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sed_core.runtime.cli import window
from sed_core.runtime.errors import SedError
from sed_core.scoring.f1 import CONVENTIONS
from sed_core.scoring.scenarios import SCENARIOS, Scenario


def windows(text: str) -> int | list[int]:
    """Read median windows: a number of frames, or a comma list with one per class.

    Raises:
        SedError: something else.
    """
    numbers = [window(part.strip()) for part in text.split(",")]
    return numbers[0] if len(numbers) == 1 else numbers


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How scores become metrics.

    Attributes:
        scenarios: PSDS parameters by name.
        median_window: frames, for all classes or one per class.
        weak_mask: whether no frame scores higher than its clip.
        n_thresholds: operating points of the 2022 scale.
        threshold: of the events that the F1 metrics judge.
        eventless_clips: `skip`: clips without any annotated event are never run, as in 2022,
            though their duration counts; `score`: their detections are false positives.
        f1_convention: whose rules the F1 metrics follow, `dcase2022` or `sed_scores_eval`.

    Raises:
        SedError: a value that makes no sense.
    """

    scenarios: Mapping[str, Scenario] = field(default_factory=lambda: SCENARIOS)
    median_window: int | Sequence[int] = 7
    weak_mask: bool = False
    n_thresholds: int = 50
    threshold: float = 0.5
    eventless_clips: str = "skip"
    f1_convention: str = "dcase2022"

    def __post_init__(self) -> None:
        if self.n_thresholds < 1:
            raise SedError(f"--n-thresholds is {self.n_thresholds}; expected 1 or more.")
        if not math.isfinite(self.threshold):
            raise SedError(f"--threshold is {self.threshold}; expected a number, such as 0.5.")
        if self.f1_convention not in CONVENTIONS:
            raise SedError(
                f"the F1 convention is {self.f1_convention!r}; expected {' or '.join(CONVENTIONS)}."
            )

    def windows_of(self, n_classes: int) -> list[int]:
        """One median window a class.

        Raises:
            SedError: there are as many as some other number of classes.
        """
        if isinstance(self.median_window, int):
            return [self.median_window] * n_classes
        if len(self.median_window) != n_classes:
            raise SedError(
                f"there are {len(self.median_window)} median windows for {n_classes} classes; give "
                "one for each class in the order of the scores, or one for all."
            )
        return list(self.median_window)

    def as_dict(self) -> dict[str, Any]:
        """JSON-like form."""
        return {
            **vars(self),
            "scenarios": {name: asdict(scenario) for name, scenario in self.scenarios.items()},
        }
