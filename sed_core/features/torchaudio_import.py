"""torchaudio's functions in Python, whichever torch its compiled part was built for.

torchaudio goes without that part, which nothing here uses, where its files are absent, but does not
import where they do not fit: PyPI's are for CUDA, and a torch for CPUs may stand beside them.
"""

import sys

try:
    import torchaudio
except (OSError, RuntimeError):  # does not load; or is for another version of CUDA
    sys.modules["torchaudio._extension.utils"]._load_lib = lambda name: False  # type: ignore[attr-defined]
    import torchaudio

__all__ = ["torchaudio"]
