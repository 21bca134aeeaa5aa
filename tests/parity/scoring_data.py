"""The scoring part of the reference data, as our types."""

import gzip
import json
import lzma
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from sed_core.scoring.truth import Truth, read_truth


def folder(reference: Path) -> Path:
    return reference / "scoring"


def read_oracle(path: Path) -> Any:
    return json.loads(path.read_text())


def devtest_truth(reference: Path, classes: list[str]) -> Truth:
    metadata = folder(reference) / "desed_metadata"
    return read_truth(metadata / "validation.tsv", metadata / "validation_durations.tsv", classes)


def unpack(source: Path, target: Path) -> Path:
    opener = lzma.open if source.suffix == ".xz" else gzip.open
    with opener(source) as packed, target.open("wb") as stream:
        shutil.copyfileobj(packed, stream)
    return target


def clip_numbers(truth: Truth, clips: np.ndarray) -> np.ndarray:
    position = {Path(name).stem: index for index, name in enumerate(truth.filenames)}
    return np.array([position[name.removesuffix(".wav")] for name in clips])
