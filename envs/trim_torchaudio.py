"""Let torchaudio import beside a CPU build of torch.

PyPI's torchaudio is linked against CUDA; on a CPU torch its compiled part cannot load, and
torchaudio treats that part as optional only if the file is absent. On a CUDA torch this does
nothing.
"""

import importlib.util
import pathlib
import shutil

import torch

if torch.version.cuda is None:
    package = importlib.util.find_spec("torchaudio")
    if package is not None and package.origin is not None:
        shutil.rmtree(pathlib.Path(package.origin).parent / "lib", ignore_errors=True)
