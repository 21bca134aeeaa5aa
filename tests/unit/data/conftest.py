from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a wav of noise (or the given samples) into the folder `audio`."""
    folder = tmp_path / "audio"
    folder.mkdir()

    def write_wav(
        name: str = "a.wav",
        samples: np.ndarray | None = None,
        *,
        seconds: float = 1.0,
        rate: int = 44100,
        channels: int = 1,
        subtype: str = "PCM_16",
    ) -> Path:
        if samples is None:
            noise = np.random.default_rng(sum(name.encode()))
            samples = 0.1 * noise.standard_normal((round(seconds * rate), channels))
        sf.write(folder / name, samples, rate, subtype=subtype)
        return folder / name

    return write_wav
