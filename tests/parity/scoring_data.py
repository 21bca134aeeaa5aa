"""The scoring part of the reference data, as our types."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sed_core.scoring.ground_truth import GroundTruth, read_ground_truth


def read_oracle(path: Path) -> Any:
    return json.loads(path.read_text())


def devtest_files(reference_file: Callable[[str], Path]) -> tuple[Path, Path]:
    """Events and durations."""
    names = ("validation.tsv", "validation_durations.tsv")
    events, durations = (reference_file(f"scoring/desed_metadata/{name}") for name in names)
    return events, durations


def devtest_truth(reference_file: Callable[[str], Path], classes: list[str]) -> GroundTruth:
    return read_ground_truth(*devtest_files(reference_file), classes)


def clip_numbers(truth: GroundTruth, clips: np.ndarray) -> np.ndarray:
    position = {Path(name).stem: index for index, name in enumerate(truth.filenames)}
    return np.array([position[name.removesuffix(".wav")] for name in clips])
