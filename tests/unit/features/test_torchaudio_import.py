"""torchaudio imports where its compiled part does not fit the torch beside it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sed_core.features.torchaudio_import import torchaudio


@pytest.mark.parametrize("compiled", ["_torchaudio.abi3.so", None])
def test_the_compiled_part_is_not_needed(compiled, tmp_path):
    package = tmp_path / "torchaudio"
    source = Path(torchaudio.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__", "lib"))
    if compiled:
        (package / "lib").mkdir()
        (package / "lib" / compiled).write_bytes(b"built for another torch")
    program = (
        "from sed_core.features.mel_filters import mel_filters, torchaudio\n"
        "mel_filters(n_mels=8, n_fft=256, sample_rate=16000, f_min=0.0, f_max=8000.0)\n"
        "print(torchaudio.__file__)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{package / '__init__.py'}\n", done.stderr
