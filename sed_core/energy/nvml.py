"""Energy of the visible NVIDIA GPUs from the cumulative counter of their boards.

The counter (`nvmlDeviceGetTotalEnergyConsumption`, millijoules since the driver was loaded) is
preferred to sampled power, which on recent boards covers only part of the time
(arXiv 2312.02741). It exists since the Volta generation and counts the whole board, whoever
uses it.
"""

import importlib
import os
from dataclasses import dataclass
from typing import Any

import psutil

from sed_core.energy.rapl import JOULES_PER_KWH


@dataclass(frozen=True)
class Device:
    """One visible GPU."""

    index: int
    uuid: str
    name: str
    handle: Any


def select(visible: str | None, uuids: list[str]) -> list[int]:
    """Indices of the devices that `CUDA_VISIBLE_DEVICES` names, with CUDA's own reading of it.

    Args:
        visible: the variable's value; None means all devices.
        uuids: identifiers of all devices in driver order (`GPU-5f0c...`).

    Returns:
        Driver indices. As in CUDA, the first name without a device ends the list.
    """
    if visible is None:
        return list(range(len(uuids)))
    chosen: list[int] = []
    for name in (part.strip() for part in visible.split(",")):
        if name.isdigit() and int(name) < len(uuids):
            index = int(name)
        else:
            matches = [i for i, uuid in enumerate(uuids) if name and uuid.startswith(name)]
            if len(matches) != 1:
                break
            index = matches[0]
        chosen.append(index)
    return chosen


class Gpus:
    """Energy of the visible GPUs since `start`.

    Attributes:
        driver: whether NVIDIA's driver answers.
        devices: the visible GPUs, in the order of `CUDA_VISIBLE_DEVICES`.
        reason: why there is no measurement, or None.
        utilisation: mean share of the time in which a kernel ran, as sampled; None if unknown.
        exclusive: False once another process was seen on a visible GPU, None while nothing can
            be said (process numbers hidden by a container), else True.
    """

    def __init__(self) -> None:
        self.driver = False
        self.devices: list[Device] = []
        self.reason: str | None = None
        self.exclusive: bool | None = None
        self._start: list[int] = []
        self._busy: list[float] = []
        try:
            self._nvml = importlib.import_module("pynvml")
        except ImportError:
            self.reason = "nvidia-ml-py is not installed"
            return
        try:
            self._nvml.nvmlInit()
            self.driver = True
            self.devices = self._visible(os.environ.get("CUDA_VISIBLE_DEVICES"))
        except (self._nvml.NVMLError_LibraryNotFound, self._nvml.NVMLError_DriverNotLoaded):
            return  # no NVIDIA driver, so no such GPU
        except self._nvml.NVMLError as error:
            self.reason = f"NVML: {error}"

    def _visible(self, names: str | None) -> list[Device]:
        if names and "MIG-" in names:
            self.reason = "a slice of a GPU (MIG) has no energy counter"
            return []
        nvml = self._nvml
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        uuids = [_text(nvml.nvmlDeviceGetUUID(handle)) for handle in handles]
        return [
            Device(i, uuids[i], _text(nvml.nvmlDeviceGetName(handles[i])), handles[i])
            for i in select(names, uuids)
        ]

    def _counters(self) -> list[int]:
        """Millijoules of each board since the driver was loaded; empty after a failure."""
        if self.reason:
            return []
        read = self._nvml.nvmlDeviceGetTotalEnergyConsumption
        try:
            return [int(read(device.handle)) for device in self.devices]
        except self._nvml.NVMLError as error:
            self.reason = f"NVML: {error}"
            return []

    def start(self) -> None:
        """Count from now on."""
        self._start = self._counters()

    def kwh(self) -> float | None:
        """Energy of all visible boards since `start`, or None (see `reason`)."""
        now = self._counters()
        if not now:
            return None
        millijoules = sum(end - start for start, end in zip(self._start, now, strict=True))
        return millijoules / 1000 / JOULES_PER_KWH

    @property
    def utilisation(self) -> float | None:
        """Mean over boards and samples."""
        return sum(self._busy) / len(self._busy) if self._busy else None

    def look_around(self) -> None:
        """Note how busy the visible GPUs are, and whether others compute on them."""
        self._note_load()
        if not self.devices or self.exclusive is False:
            return
        try:
            seen = {
                process.pid
                for device in self.devices
                for process in self._nvml.nvmlDeviceGetComputeRunningProcesses(device.handle)
            }
        except self._nvml.NVMLError:
            return
        me = psutil.Process()
        mine = {me.pid, *(child.pid for child in me.children(recursive=True))}
        if seen & mine:  # only then are these numbers of our own process space
            self.exclusive = seen <= mine

    def _note_load(self) -> None:
        try:
            self._busy += [
                self._nvml.nvmlDeviceGetUtilizationRates(device.handle).gpu / 100
                for device in self.devices
            ]
        except self._nvml.NVMLError:
            return  # some boards and slices do not tell


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
