"""Sensors made of paper: a pynvml module, a powercap folder and a tracker."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sed_core.energy.tracker import Reading


class NVMLError(Exception):
    pass


class NoLibraryError(NVMLError):
    pass


class NoDriverError(NVMLError):
    pass


class FakeNvml(SimpleNamespace):
    """A driver with `millijoules` per board; boards listed in `broken` have no counter."""

    NVMLError = NVMLError
    NVMLError_LibraryNotFound = NoLibraryError
    NVMLError_DriverNotLoaded = NoDriverError

    def __init__(self, boards: int) -> None:
        super().__init__(
            millijoules=[1_000_000 * (i + 1) for i in range(boards)],
            broken=set(),
            pids=[],
            driver=True,
        )

    def nvmlInit(self) -> None:  # noqa: N802
        if not self.driver:
            raise NoLibraryError("NVML Shared Library Not Found")

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.millijoules)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802
        return f"GPU-{handle}aaa-bbbb"

    def nvmlDeviceGetName(self, handle: int) -> bytes:  # noqa: N802
        return f"Paper {handle}".encode()

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: int) -> int:  # noqa: N802
        if handle in self.broken:
            raise NVMLError("Not Supported")
        return self.millijoules[handle]

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:  # noqa: N802
        return SimpleNamespace(gpu=40 + 20 * handle)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[Any]:  # noqa: N802
        return [SimpleNamespace(pid=pid) for pid in self.pids]


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    """Two boards, all visible."""
    fake = FakeNvml(boards=2)
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return fake


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeNvml(boards=0)
    fake.driver = False
    monkeypatch.setitem(sys.modules, "pynvml", fake)


class Powercap:
    """A folder like /sys/class/powercap whose counters can be set (joules)."""

    WRAP_JOULES = 1000

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, domain: str, name: str, joules: float) -> None:
        folder = self.root / domain
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "max_energy_range_uj").write_text(f"{self.WRAP_JOULES * 10**6}\n")
        self.set(domain, joules)

    def set(self, domain: str, joules: float) -> None:
        (self.root / domain / "energy_uj").write_text(f"{round(joules * 1e6)}\n")


@pytest.fixture
def powercap(tmp_path: Path) -> Powercap:
    """One package with memory, plus domains that must not be counted twice."""
    made = Powercap(tmp_path / "powercap")
    made.add("intel-rapl:0", "package-0", 100)
    made.add("intel-rapl:0:0", "core", 50)
    made.add("intel-rapl:0:1", "dram", 10)
    made.add("intel-rapl:1", "psys", 500)
    made.add("intel-rapl-mmio:0", "package-0", 100)
    return made


class FakeTracker:
    """codecarbon with chosen figures; `broken` names the calls that fail."""

    def __init__(self, kwh: float, broken: frozenset[str], made_with: dict[str, Any]) -> None:
        self.kwh, self.broken, self.made_with = kwh, broken, made_with
        self.calls: list[str] = []

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.broken:
            raise RuntimeError(f"{name} is broken")

    def start(self) -> None:
        self._call("start")

    def flush(self) -> None:
        self._call("flush")

    def stop(self) -> None:
        self._call("stop")

    def read(self) -> Reading:
        if "read" in self.broken:
            raise RuntimeError("read is broken")
        return Reading(
            kwh=self.kwh,
            cpu_kwh=self.kwh * 0.75,
            gpu_kwh=0.0,
            ram_kwh=self.kwh * 0.25,
            emissions_kg=self.kwh * 0.05,
            gpus=0,
            version="9.9.9",
            country="Utopia",
            cpu_method="CPU load x nominal 8 W",
        )


@pytest.fixture
def trackers() -> Callable[..., Callable[..., FakeTracker]]:
    """Make a tracker factory: `trackers(kwh, broken)`; the factory's `made` lists its trackers."""

    def build(kwh: float = 0.1, broken: tuple[str, ...] = ()) -> Callable[..., FakeTracker]:
        def factory(**made_with: Any) -> FakeTracker:
            if "init" in broken:
                raise RuntimeError("init is broken")
            factory.made.append(FakeTracker(kwh, frozenset(broken), made_with))  # type: ignore[attr-defined]
            return factory.made[-1]  # type: ignore[attr-defined]

        factory.made = []  # type: ignore[attr-defined]
        return factory

    return build
