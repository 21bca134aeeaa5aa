import subprocess
import sys

import pytest

from sed_core.runtime.provenance import cpu_model

ASKED = """
import sys, time
from pathlib import Path
from codecarbon.core.util import detect_cpu_model
from sed_core.energy.tracker import CodecarbonTracker
theirs = detect_cpu_model()
detect_cpu_model.cache_clear()
tracker = CodecarbonTracker(
    stage="devtest", folder=Path(sys.argv[1]), country_iso_code="FRA", interval_s=15, gpu_ids=None
)
started = []
from subprocess import Popen
begin = Popen.__init__
Popen.__init__ = lambda self, args, *more, **others: (
    started.append(str(args)), begin(self, args, *more, **others)
)[1]
tracker.start()
tracker.stop()
assert not [one for one in started if "cpuinfo" in one], started
print(theirs, detect_cpu_model(), sep="\\n")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="py-cpuinfo reads /proc here")
def test_codecarbon_is_told_the_processors_name_that_it_would_find(tmp_path) -> None:
    """In a process of its own: the name is told once for all."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    theirs, told = done.stdout.splitlines()
    assert told == theirs == cpu_model()
    assert (tmp_path / "emissions.csv").is_file()
