import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from sed_core.runtime.memory import keep_freed_memory
if sys.argv[1] == "keep" and not keep_freed_memory():
    sys.exit(7)
np.ones(2**24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    np.ones(2**24)  # 128 MiB, freed at once
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(root, mode: str) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", FAULTS, mode], cwd=root, capture_output=True, text=True
    )
    if ran.returncode == 7:
        pytest.skip("the C library is not glibc")
    return int(ran.stdout)


def test_large_arrays_are_faulted_in_once_only(root):
    assert page_faults(root, "keep") < page_faults(root, "default") / 10
