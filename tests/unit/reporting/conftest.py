"""Small result files made by hand."""

from collections.abc import Callable
from typing import Any

import pytest

CLASSES = ["Cat", "Dog", "Speech"]


def values(mean: float | None, std: float | None = None) -> dict[str, Any]:
    return {"mean": mean, "std": std, "values": [mean]}


@pytest.fixture
def scores() -> Callable[..., dict[str, Any]]:
    """Make the content of an aggregated score file."""

    def build(
        system: str = "crnn",
        *,
        psds1: float | None = 0.3364,
        std: float | None = None,
        present: int = 100,
        seeds: tuple[int, ...] = (42,),
    ) -> dict[str, Any]:
        return {
            "schema": 1,
            "system": system,
            "dataset": "mini",
            "split": "devtest",
            "coverage": {"devtest": {"present": present, "expected": 100}},
            "reported": "student",
            "seeds": list(seeds),
            "settings": {"n_thresholds": 50},
            "summary": {
                "psds1_dcase2022": values(psds1, std),
                "psds2_dcase2022": values(0.5361, std),
                "psds1_exact": values(0.3459, std),
                "psds2_exact": values(0.5502, std),
                "psds1_class_mean": values(0.4001, std),
                "psds2_class_mean": values(0.6002, std),
                "intersection_f1": values(0.6412, std),
                "collar_f1": values(0.4007, std),
                "segment_f1": values(0.7003, std),
            },
            "per_class": {
                "psds1_exact": {"Cat": 0.5, "Dog": 0.25, "Speech": 0.0},
                "intersection_f1": {"Cat": 0.7, "Dog": 0.1, "Speech": 0.2},
                "collar_f1": {"Cat": 0.6, "Dog": None, "Speech": 0.1},
            },
        }

    return build


@pytest.fixture
def energy() -> Callable[..., dict[str, Any]]:
    """Make the content of an energy file."""

    def build(
        system: str = "crnn",
        stage: str = "training",
        seed: int = 42,
        *,
        kwh: float | None = 1.7,
        seconds: float = 3600.0,
        method: str = "partly measured",
        other_load: float = 0.0,
    ) -> dict[str, Any]:
        def part(share: float, how: str, note: str = "") -> dict[str, Any]:
            if kwh is None:
                return {"kwh": None, "method": "not measurable", "note": "no sensor"}
            return {"kwh": kwh * share, "method": how, "note": note}

        return {
            "system": system,
            "seed": seed,
            "stage": stage,
            "kwh": kwh,
            "method": "incomplete" if kwh is None else method,
            "components": {
                "gpu": part(0.5, "measured (NVML counter)"),
                "cpu": part(0.3, "estimated (codecarbon 3, CPU load x nominal 8 W)", "no RAPL"),
                "ram": part(0.2, "estimated (codecarbon 3, nominal power)"),
            },
            "codecarbon": {"kwh": None if kwh is None else kwh * 1.1, "version": "3"},
            "emissions": {
                "kg": None if kwh is None else kwh * 0.056,
                "grid_kg_per_kwh": None if kwh is None else 0.056,
                "grid": "France (codecarbon 3)",
            },
            "seconds": seconds,
            "cpu_seconds": seconds * 2,
            "machine_cpu_seconds": seconds * (2 + other_load),
            "pieces": 1,
            "gpu_exclusive": True,
            "limits": ["Idle power was not measured and is not subtracted."],
        }

    return build
