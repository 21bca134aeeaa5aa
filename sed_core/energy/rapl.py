"""Energy of the processor (and memory, where metered) from Linux' powercap interface.

RAPL counts microjoules per package and wraps around after some minutes of load, so it has to be
read more often than that. Since 2020 kernels let only root read it; then the reason is kept.
"""

from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
JOULES_PER_KWH = 3_600_000.0


class Rapl:
    """Energy per kind of domain since construction; call `update` at least every few minutes.

    Attributes:
        reason: why there is no measurement, or None.
    """

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self.reason: str | None = None
        self._domains: list[tuple[str, Path, int]] = []
        self._last: list[int] = []
        self._joules = {"package": 0.0, "dram": 0.0}
        try:
            # `intel-rapl-mmio:*` repeats the packages, so only `intel-rapl:*` counts
            for folder in sorted(powercap.glob("intel-rapl:*")):
                kind = _read(folder / "name").split("-")[0]
                if kind in self._joules:
                    wrap = int(_read(folder / "max_energy_range_uj"))
                    self._domains.append((kind, folder / "energy_uj", wrap))
            self._last = [int(_read(path)) for _, path, _ in self._domains]
        except PermissionError as error:
            self.reason = f"RAPL: {error.filename} is readable for root only"
        except (OSError, ValueError) as error:
            self.reason = f"RAPL: {error}"
        if not self.reason and not any(kind == "package" for kind, _, _ in self._domains):
            self.reason = "no RAPL sensor (virtual machine, container or other processor)"

    def update(self) -> None:
        """Add what was used since the last call."""
        if self.reason:
            return
        try:
            now = [int(_read(path)) for _, path, _ in self._domains]
        except (OSError, ValueError) as error:
            self.reason = f"RAPL: {error}"
            return
        for (kind, _, wrap), before, after in zip(self._domains, self._last, now, strict=True):
            used = after - before if after >= before else after - before + wrap
            self._joules[kind] += used / 1e6
        self._last = now

    def kwh(self, kind: str) -> float | None:
        """Energy of all `package` or `dram` domains up to the last update, or None."""
        if self.reason or all(kind != domain for domain, _, _ in self._domains):
            return None
        return self._joules[kind] / JOULES_PER_KWH


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()
