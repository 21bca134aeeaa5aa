"""Power that the machine draws when idle, measured before a stage begins."""

import time
from pathlib import Path

from sed_core.energy.nvml import Gpus
from sed_core.energy.rapl import Rapl
from sed_core.energy.units import JOULES_PER_KWH

Watts = dict[str, float | None]


def idle_watts(gpus: Gpus, powercap: Path, *, seconds: float) -> Watts:
    """Mean power of the visible GPUs and of the processor packages, where a sensor can tell.

    Waits only if there is a sensor. The counters move about every 100 ms, so two seconds are good
    to a twentieth. Networks that are already loaded keep a GPU's clocks up; that is idle, too.
    """
    rapl = Rapl(powercap)
    sensor = bool(gpus.devices) and not gpus.reason
    if rapl.reason and not sensor:
        return {"gpu": None, "cpu": None}
    gpus.start()
    began = time.monotonic()
    time.sleep(seconds)
    rapl.update()
    per_kwh = JOULES_PER_KWH / (time.monotonic() - began)
    kwh = {"gpu": gpus.kwh(), "cpu": rapl.kwh("package")}
    return {name: None if value is None else value * per_kwh for name, value in kwh.items()}
