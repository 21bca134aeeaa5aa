#!/usr/bin/env bash
# Run by Snakemake inside the new environment; see trim_torchaudio.py for the reason.
set -euo pipefail
python - <<'PY'
import importlib.util
import pathlib
import shutil

import torch

if torch.version.cuda is None:
    package = importlib.util.find_spec("torchaudio")
    shutil.rmtree(pathlib.Path(package.origin).parent / "lib", ignore_errors=True)
PY
