import subprocess
import sys

import psutil
import pytest

from sed_core.runtime.memory import available_memory

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


@pytest.mark.parametrize(
    ("line", "folder", "files"),
    [
        (
            "0::/job/step",
            "sys/fs/cgroup/job",
            {"memory.max": "5000", "memory.current": "3000", "memory.stat": "inactive_file 400\n"},
        ),
        (
            "4:memory:/outside/of/the/container",
            "sys/fs/cgroup/memory",
            {
                "memory.limit_in_bytes": "5000",
                "memory.usage_in_bytes": "3000",
                "memory.stat": "cache 1\ntotal_inactive_file 400\n",
            },
        ),
    ],
)
def test_the_limit_of_a_job_or_container_counts(tmp_path, monkeypatch, line, folder, files):
    monkeypatch.delenv("SLURM_MEM_PER_NODE", raising=False)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(f"12:cpu:/\n{line}\n")
    (tmp_path / "sys/fs/cgroup/job/step").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/job/step/memory.max").write_text("max\n")
    assert available_memory(root=tmp_path) > 2**20
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (tmp_path / folder / name).write_text(content)
    assert available_memory(root=tmp_path) == 2400


@pytest.mark.parametrize(
    ("name", "unit"), [("SLURM_MEM_PER_NODE", 2**20), ("SED_MEMORY_GB", 10**9)]
)
def test_what_slurm_or_the_configuration_gave_a_job_counts(tmp_path, monkeypatch, name, unit):
    taken = psutil.Process().memory_info().rss
    monkeypatch.setenv(name, str(taken // unit + 1))
    assert available_memory(root=tmp_path) <= unit
