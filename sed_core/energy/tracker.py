"""codecarbon's offline tracker, without network access and isolated from the user's settings.

Its CSV is what the challenge asks for. Here it makes no network call, takes nothing from a
user's codecarbon settings that would change the figures' meaning, and can fail without harm.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sed_core.runtime.provenance import cpu_model

PROJECTS = {
    "training": "DCASE Task 4 SED TRAINING",
    "validation": "DCASE Task 4 SED VALIDATION",
    "extraction": "DCASE Task 4 SED EMBEDDINGS",
    "devtest": "DCASE Task 4 SED DEVTEST",
    "evaluation": "DCASE Task 4 SED EVALUATION",
    "scoring": "DCASE Task 4 SED SCORING",
}


@dataclass(frozen=True)
class Reading:
    """codecarbon's totals since the start, in kWh and kg CO2e, and how it got them."""

    kwh: float
    cpu_kwh: float
    gpu_kwh: float
    ram_kwh: float
    emissions_kg: float
    gpus: int
    version: str
    country: str
    cpu_method: str


class Tracker(Protocol):
    """What the meter needs of a tracker."""

    def start(self) -> None:
        """Begin to count."""

    def read(self) -> Reading | None:
        """Totals of the last measurement, or None before the first."""

    def flush(self) -> None:
        """Measure now and write the CSV row."""

    def stop(self) -> None:
        """Measure a last time, write the CSV row and end."""


class CodecarbonTracker:
    """An `OfflineEmissionsTracker` whose totals can be read while it runs.

    Args:
        stage: key of `PROJECTS`.
        folder: where `emissions.csv` goes; one row for each start.
        country_iso_code: three letters; decides the grid factor.
        interval_s: seconds between measurements; the last one is made at the end.
        gpu_ids: driver indices of the GPUs to count; None leaves the choice to codecarbon.
    """

    def __init__(
        self,
        *,
        stage: str,
        folder: Path,
        country_iso_code: str,
        interval_s: float,
        gpu_ids: list[int] | None,
    ) -> None:
        import codecarbon  # takes most of a second: only where a stage is measured
        import cpuinfo
        from codecarbon.output import OutputMethod

        # All that codecarbon asks of it is this name, for which it would start a process that
        # measures clock rates for a second and a half: longer than predicting a small split.
        cpuinfo.get_cpu_info = lambda: {"brand_raw": cpu_model()}

        logging.getLogger("codecarbon").setLevel(logging.ERROR)  # its notes are in our record

        folder.mkdir(parents=True, exist_ok=True)
        self._latest = _Latest()
        self._tracker = codecarbon.OfflineEmissionsTracker(
            project_name=PROJECTS[stage],
            country_iso_code=country_iso_code,
            measure_power_secs=interval_s,
            api_call_interval=1,  # tells our handler at every measurement
            output_dir=str(folder),
            output_file="emissions.csv",
            output_methods=[OutputMethod.CSV],
            output_handlers=[self._latest],
            on_csv_write="update",
            gpu_ids=gpu_ids,
            tracking_mode="machine",
            allow_multiple_runs=True,
            log_level="error",
            pue=1.0,
            emissions_endpoint=None,
            electricitymaps_api_token="",
        )

    def start(self) -> None:
        """Begin to count; the first call in a process looks for hardware."""
        self._tracker.start()

    def read(self) -> Reading | None:
        """Totals of the last measurement, or None before the first."""
        data = self._latest.data
        if data is None:
            return None
        return Reading(
            kwh=data.energy_consumed,
            cpu_kwh=data.cpu_energy,
            gpu_kwh=data.gpu_energy,
            ram_kwh=data.ram_energy,
            emissions_kg=data.emissions,
            gpus=int(data.gpu_count or 0),
            version=str(data.codecarbon_version),
            country=str(data.country_name or "world average"),
            cpu_method=self._cpu_method(),
        )

    def flush(self) -> None:
        """Measure now and write the CSV row."""
        self._tracker.flush()

    def stop(self) -> None:
        """Measure a last time, write the CSV row and end."""
        self._tracker.stop()

    def _cpu_method(self) -> str:
        """How the processor's share came about; codecarbon says so nowhere in its output."""
        for part in self._tracker._hardware:
            mode, power = getattr(part, "_mode", None), getattr(part, "_tdp", None)
            if mode == "intel_rapl":
                return "RAPL"
            if mode == "cpu_load":
                return f"CPU load x nominal {power} W"
            if mode is not None:
                return f"{mode}, nominal {power} W"
        return "unknown method"


class _Latest:
    """An output handler that only remembers."""

    def __init__(self) -> None:
        self.data: Any = None

    def out(self, total: Any, delta: Any) -> None:
        self.data = total

    live_out = out

    def task_out(self, data: Any, experiment_name: str) -> None:
        """Tasks are not used."""

    def exit(self) -> None:
        """Nothing to close."""
