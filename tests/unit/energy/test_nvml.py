import os
import sys

import pytest

from sed_core.energy.nvml import Gpus, select

UUIDS = ["GPU-11aa", "GPU-11bb", "GPU-22cc"]


@pytest.mark.parametrize(
    ("visible", "expected"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("-1", []),
        ("2,0", [2, 0]),
        (" 1 ", [1]),
        ("GPU-22cc", [2]),
        ("GPU-2", [2]),
        ("GPU-11", []),  # ambiguous
        ("0,7,1", [0]),  # CUDA stops at the first name without a device
        ("MIG-33dd", []),
    ],
)
def test_select_reads_the_variable_as_cuda_does(visible: str | None, expected: list[int]) -> None:
    assert select(visible, UUIDS) == expected


def test_only_the_visible_board_counts(nvml, monkeypatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-1")
    gpus = Gpus()
    gpus.start()
    nvml.millijoules[0] += 999_000_000
    nvml.millijoules[1] += 7_200_000
    assert [device.name for device in gpus.devices] == ["Paper 1"]
    assert gpus.kwh() == pytest.approx(7200 / 3.6e6)


def test_boards_add_up_from_start_not_from_construction(nvml) -> None:
    gpus = Gpus()
    nvml.millijoules[0] += 5_000
    gpus.start()
    nvml.millijoules[0] += 1_800_000
    nvml.millijoules[1] += 1_800_000
    assert gpus.kwh() == pytest.approx(0.001)


def test_a_board_without_counter_is_a_reason(nvml) -> None:
    nvml.broken.add(1)
    gpus = Gpus()
    gpus.start()
    assert gpus.kwh() is None
    assert gpus.reason == "NVML: Not Supported"


def test_a_counter_that_dies_later_is_a_reason(nvml) -> None:
    gpus = Gpus()
    gpus.start()
    nvml.broken.add(0)
    assert gpus.kwh() is None
    nvml.broken.clear()
    assert gpus.kwh() is None  # a gap was missed, so it stays unknown
    assert gpus.reason == "NVML: Not Supported"


def test_a_slice_of_a_board_is_a_reason(nvml, monkeypatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "MIG-33dd")
    gpus = Gpus()
    gpus.start()
    assert gpus.kwh() is None
    assert gpus.reason == "a slice of a GPU (MIG) has no energy counter"


def test_no_driver_means_no_gpu_and_no_complaint(no_gpu) -> None:
    gpus = Gpus()
    gpus.start()
    assert (gpus.kwh(), gpus.reason, gpus.devices) == (None, None, [])


def test_missing_package_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert Gpus().reason == "nvidia-ml-py is not installed"


def test_load_is_sampled_over_boards_and_time(nvml) -> None:
    gpus = Gpus()
    assert gpus.utilisation is None
    gpus.look_around()
    gpus.look_around()
    assert gpus.utilisation == pytest.approx(0.5)


def test_exclusive_is_unknown_until_own_process_is_seen(nvml) -> None:
    gpus = Gpus()
    nvml.pids = [999_999_999]
    gpus.look_around()
    assert gpus.exclusive is None
    nvml.pids = [os.getpid()]
    gpus.look_around()
    assert gpus.exclusive is True
    nvml.pids = [os.getpid(), 999_999_999]
    gpus.look_around()
    nvml.pids = [os.getpid()]
    gpus.look_around()
    assert gpus.exclusive is False  # once shared, the figure stays shared
