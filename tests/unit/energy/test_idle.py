import threading
import time

import pytest

from sed_core.energy.meter import idle_watts
from sed_core.energy.nvml import Gpus


def test_power_is_energy_over_time(nvml, powercap) -> None:
    gpus = Gpus()

    def draw() -> None:
        time.sleep(0.05)
        nvml.millijoules[0] += 30_000
        powercap.set("intel-rapl:0", 105)

    thread = threading.Thread(target=draw)
    thread.start()
    watts = idle_watts(gpus, powercap.root, seconds=0.2)
    thread.join()
    assert watts["gpu"] == pytest.approx(30 / 0.2, rel=0.3)
    assert watts["cpu"] == pytest.approx(5 / 0.2, rel=0.3)


def test_without_a_sensor_nothing_is_waited_for(no_gpu, tmp_path) -> None:
    began = time.monotonic()
    assert idle_watts(Gpus(), tmp_path, seconds=60) == {"gpu": None, "cpu": None}
    assert time.monotonic() - began < 30
