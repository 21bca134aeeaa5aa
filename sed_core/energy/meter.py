"""The energy meter of a stage: runs the sensors, keeps a journal, and never makes a stage fail."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psutil

from sed_core.energy import energy_record as records
from sed_core.energy.nvml import Gpus
from sed_core.energy.rapl import JOULES_PER_KWH, POWERCAP, Rapl
from sed_core.energy.tracker import PROJECTS, CodecarbonTracker, Reading, Tracker
from sed_core.runtime.files import read_json, write_json
from sed_core.runtime.provenance import hardware


class EnergyMeter:
    """Measures what the block inside `with` uses.

    ```
    with EnergyMeter(stage="training", codecarbon_dir=folder, journal=checkpoints) as meter:
        for epoch in epochs:
            train(epoch)
            meter.flush()
    write_energy(meter.record(system="crnn", seed=42), energy_json, tot_kwh_txt)
    ```

    A sensor that fails makes its component "not measurable" with the reason; nothing is raised.

    Args:
        stage: key of `PROJECTS`: `training`, `devtest`, `evaluation`, `extraction`, `scoring`.
        codecarbon_dir: gets codecarbon's `emissions.csv`, one row for each run of the stage.
        journal: folder that keeps each run's figures (`energy-<stage>-0001.json`, ...), so that
            a killed run counts up to its last sample; None keeps them in memory.
        country_iso_code: whose electricity (three letters); decides the grid factor. None takes
            the environment's `SED_COUNTRY`, which the workflow sets, else France.
        interval_s: seconds between samples. The last sample is taken at the end, so short
            stages are complete whatever the interval.
        tracker: makes the codecarbon tracker; None does without (saves two seconds in tests).
        powercap: folder of the RAPL files.
        idle_s: seconds before the stage in which idle power is measured, where a sensor can.
    """

    def __init__(
        self,
        stage: str,
        codecarbon_dir: Path,
        *,
        journal: Path | None = None,
        country_iso_code: str | None = None,
        interval_s: float = 15.0,
        tracker: Callable[..., Tracker] | None = CodecarbonTracker,
        powercap: Path = POWERCAP,
        idle_s: float = 2.0,
    ) -> None:
        if stage not in PROJECTS:
            raise ValueError(f"stage is one of {', '.join(PROJECTS)}, not '{stage}'")
        self.stage = stage
        self._folder = codecarbon_dir
        self._journal = journal
        self._country = country_iso_code or os.environ.get("SED_COUNTRY", "FRA")
        self._interval = interval_s
        self._make_tracker = tracker
        self._powercap = powercap
        self._idle_s = idle_s
        self._tracker: Tracker | None = None
        self._tracker_note = "" if tracker else "codecarbon was not used"
        self._pieces: list[dict[str, Any]] = []
        self._phases: dict[str, dict[str, float | None]] = {}
        self._lock = threading.RLock()  # of all that the watching thread reads or changes
        self._done = threading.Event()

    def __enter__(self) -> Self:
        self._pieces = self._earlier_pieces()
        if not self._pieces:  # rows of an older result are not part of this one
            (self._folder / "emissions.csv").unlink(missing_ok=True)
        self._gpus = Gpus()
        self._machine = machine([device.name for device in self._gpus.devices])
        self._idle = idle_watts(self._gpus, self._powercap, seconds=self._idle_s)
        self._start_tracker()
        self._rapl = Rapl(self._powercap)
        self._gpus.start()
        self._began = time.monotonic()
        self._cpu_began = tree_cpu_seconds(), machine_cpu_seconds()
        self._pieces.append(self._piece())
        self._number = len(self._pieces)
        self._thread = threading.Thread(target=self._watch, name="energy", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._thread.join()
        self._guard(Tracker.stop)
        self._sample()
        self._tracker = None

    def flush(self) -> None:
        """Take a sample now and write it to the journal and to codecarbon's CSV."""
        with self._lock:
            self._guard(Tracker.flush)
            self._sample()

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Note what a phase of the stage uses, such as the validation inside a training.

        It stays within the stage's figures; the record repeats it under `phases`.
        """
        before = self._now()
        yield
        with self._lock:
            after, sums = self._now(), self._phases.get(name, {})
            self._phases[name] = {
                key: _plus(sums.get(key, 0.0), after[key], before[key]) for key in after
            }

    def _now(self) -> dict[str, float | None]:
        with self._lock:
            self.flush()
            return records.amounts(self._pieces[-1])

    def record(self, **labels: Any) -> dict[str, Any]:
        """The stage's figures so far, all runs in the journal added up.

        Args:
            labels: added to the record; tables need `system` and `seed`.
        """
        if not self._done.is_set():
            self.flush()
        return {**labels, **records.combine(self.stage, self._pieces)}

    def _watch(self) -> None:
        while not self._done.wait(self._interval):
            self._sample()

    def _sample(self) -> None:
        with self._lock:
            self._rapl.update()
            self._gpus.look_around()
            self._pieces[-1] = self._piece()
            if self._journal is not None:
                path = self._journal / f"energy-{self.stage}-{self._number:04d}.json"
                try:
                    write_json(path, self._pieces[-1], decimals=records.DECIMALS)
                except OSError:
                    return  # a full disk is the training's to report; the next sample tries again

    def _piece(self) -> dict[str, Any]:
        reading = self._read()
        cpu_began, machine_began = self._cpu_began
        return {
            "seconds": time.monotonic() - self._began,
            "cpu_seconds": tree_cpu_seconds() - cpu_began,
            "machine_cpu_seconds": machine_cpu_seconds() - machine_began,
            "components": {
                "cpu": records.cpu_component(self._rapl.kwh("package"), self._rapl.reason, reading),
                "gpu": records.gpu_component(self._gpus.kwh(), self._gpus.reason, reading),
                "ram": records.ram_component(self._rapl.kwh("dram"), reading),
            },
            "codecarbon": records.codecarbon_part(reading, self._tracker_note),
            "gpu_exclusive": self._gpus.exclusive,
            "gpu_utilisation": self._gpus.utilisation,
            "idle_watts": self._idle,
            "phases": self._phases,
            "hardware": self._machine,
        }

    def _earlier_pieces(self) -> list[dict[str, Any]]:
        if self._journal is None:
            return []
        paths = sorted(self._journal.glob(f"energy-{self.stage}-[0-9]*.json"))
        return [read_json(path) for path in paths if ".part" not in path.name]

    def _start_tracker(self) -> None:
        if self._make_tracker is None:
            return
        try:
            self._tracker = self._make_tracker(
                stage=self.stage,
                folder=self._folder,
                country_iso_code=self._country,
                interval_s=self._interval,
                gpu_ids=self._gpu_ids(),
            )
            self._tracker.start()
        except Exception as error:
            self._fail(error)

    def _gpu_ids(self) -> list[int] | None:
        """The GPUs that codecarbon may count; without NVIDIA's driver it looks for other makes."""
        return [device.index for device in self._gpus.devices] if self._gpus.driver else None

    def _read(self) -> Reading | None:
        if self._tracker is None:
            return None
        try:
            return self._tracker.read()
        except Exception as error:
            self._fail(error)
            return None

    def _guard(self, action: Callable[[Tracker], None]) -> None:
        if self._tracker is None:
            return
        try:
            getattr(self._tracker, action.__name__)()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """codecarbon is somebody else's code: whatever it raises, the stage goes on without it."""
        self._tracker = None
        self._tracker_note = f"codecarbon failed: {error}"


def _plus(total: float | None, after: float | None, before: float | None) -> float | None:
    if total is None or after is None or before is None:
        return None
    return total + after - before


def idle_watts(gpus: Gpus, powercap: Path, *, seconds: float) -> dict[str, float | None]:
    """Power that the machine draws before a stage begins.

    Mean power of the visible GPUs and of the processor packages, where a sensor can tell.

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


def tree_cpu_seconds() -> float:
    """User and system seconds of this process, its living children and all that were reaped."""
    me = psutil.Process()
    total = 0.0
    for process in [me, *me.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue  # it ended meanwhile; its parent's figure has it
        total += times.user + times.system
        total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def machine_cpu_seconds() -> float:
    """Busy seconds of all cores since boot; compare with `tree_cpu_seconds` to see other load."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # also in user time
    return float(sum(times) - idle - guest)


def machine(gpus: list[str]) -> dict[str, Any]:
    """Processor, cores, memory and the GPUs in use."""
    memory = psutil.virtual_memory().total / 2**30
    return {**hardware(), "ram_gib": round(memory, 1), "gpus": gpus}
