import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from sed_core.energy import EnergyMeter
from sed_core.energy.energy_record import NO_GPU, NOT_MEASURABLE

ABSENT = Path("/absent")


def test_three_pieces_add_up(tmp_path, no_gpu, powercap, trackers) -> None:
    package = 100
    for kwh in (0.1, 0.2, 0.3):
        meter = EnergyMeter(
            "training",
            tmp_path / "cc",
            journal=tmp_path / "journal",
            tracker=trackers(kwh),
            powercap=powercap.root,
        )
        with meter:
            package += 36
            powercap.set("intel-rapl:0", package)
            meter.flush()
    record = meter.record(system="crnn", seed=42)
    assert record["components"]["cpu"] == {
        "kwh": pytest.approx(3 * 36 / 3.6e6),
        "method": "measured (RAPL)",
        "note": "",
    }
    assert record["components"]["gpu"]["method"] == NO_GPU
    assert record["codecarbon"]["kwh"] == pytest.approx(0.6)
    assert (record["pieces"], record["system"], record["seed"]) == (3, "crnn", 42)
    assert len(list((tmp_path / "journal").iterdir())) == 3


def test_a_killed_run_counts_up_to_its_last_flush(tmp_path, no_gpu, trackers) -> None:
    code = (
        "import os, sys; from pathlib import Path; from sed_core.energy import EnergyMeter\n"
        "folder = Path(sys.argv[1])\n"
        "with EnergyMeter('training', folder, journal=folder, tracker=None) as meter:\n"
        "    sum(range(10**7)); meter.flush(); os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    before = json.loads((tmp_path / "energy-training-0001.json").read_text())
    assert before["cpu_seconds"] > 0
    options = {"journal": tmp_path, "tracker": None, "powercap": ABSENT}
    with EnergyMeter("training", tmp_path, **options) as meter:
        time.sleep(0.02)
    record = meter.record()
    assert record["pieces"] == 2
    assert record["seconds"] > before["seconds"] + 0.02
    assert record["cpu_seconds"] >= before["cpu_seconds"]


def test_the_watcher_writes_without_being_asked(tmp_path, no_gpu) -> None:
    options = {"journal": tmp_path, "tracker": None, "interval_s": 0.01}
    with EnergyMeter("devtest", tmp_path, **options):
        deadline = time.monotonic() + 10
        while not (tmp_path / "energy-devtest-0001.json").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_pieces_of_another_stage_do_not_count(tmp_path, no_gpu) -> None:
    for stage in ("training", "devtest"):
        with EnergyMeter(stage, tmp_path, journal=tmp_path, tracker=None) as meter:
            pass
        assert meter.record()["pieces"] == 1


def test_gpu_is_measured_and_told_to_codecarbon(tmp_path, nvml, monkeypatch, trackers) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    factory = trackers(0.4)
    with EnergyMeter("devtest", tmp_path, tracker=factory, powercap=ABSENT) as meter:
        nvml.millijoules[1] += 3_600_000
    record = meter.record()
    assert factory.made[0].made_with["gpu_ids"] == [1]
    assert factory.made[0].calls == ["start", "stop"]
    assert record["components"]["gpu"] == {
        "kwh": pytest.approx(0.001),
        "method": "measured (NVML counter)",
        "note": "",
    }
    assert record["components"]["cpu"]["method"] == (
        "estimated (codecarbon 9.9.9, CPU load x nominal 8 W)"
    )
    assert record["kwh"] == pytest.approx(0.001 + 0.4)
    assert record["method"] == "partly measured"
    assert record["hardware"]["gpus"] == ["Paper 1"]


def test_country_of_the_workflow(tmp_path, no_gpu, trackers, monkeypatch) -> None:
    factory = trackers(0.1)
    monkeypatch.setenv("SED_COUNTRY", "DEU")
    for country in (None, "SWE"):
        with EnergyMeter("devtest", tmp_path, country_iso_code=country, tracker=factory):
            pass
    assert [made.made_with["country_iso_code"] for made in factory.made] == ["DEU", "SWE"]


def test_hidden_gpus_are_not_counted(tmp_path, nvml, monkeypatch, trackers) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    factory = trackers(0.1)
    with EnergyMeter("devtest", tmp_path, tracker=factory, powercap=ABSENT) as meter:
        nvml.millijoules[0] += 3_600_000
    assert factory.made[0].made_with["gpu_ids"] == []
    assert meter.record()["components"]["gpu"] == {"kwh": 0.0, "method": NO_GPU, "note": ""}


def test_without_nvidia_codecarbon_looks_for_gpus(tmp_path, no_gpu, trackers) -> None:
    factory = trackers(0.1)
    with EnergyMeter("devtest", tmp_path, tracker=factory, powercap=ABSENT):
        pass
    assert factory.made[0].made_with["gpu_ids"] is None


def test_gpu_without_counter_is_not_measurable(tmp_path, nvml) -> None:
    nvml.broken.update({0, 1})
    with EnergyMeter("devtest", tmp_path, tracker=None, powercap=ABSENT) as meter:
        pass
    assert meter.record()["components"]["gpu"] == {
        "kwh": None,
        "method": NOT_MEASURABLE,
        "note": "NVML: Not Supported",
    }


@pytest.mark.parametrize("broken", ["init", "start", "read", "flush", "stop"])
def test_a_broken_tracker_never_reaches_the_stage(tmp_path, no_gpu, trackers, broken) -> None:
    options = {"tracker": trackers(0.1, (broken,)), "powercap": ABSENT}
    with EnergyMeter("training", tmp_path, **options) as meter:
        meter.flush()
    record = meter.record()
    assert record["kwh"] is None
    assert record["components"]["cpu"]["method"] == NOT_MEASURABLE
    assert record["codecarbon"]["note"] == f"codecarbon failed: {broken} is broken"


def test_a_journal_that_cannot_be_written_does_no_harm(tmp_path, no_gpu) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be")
    with EnergyMeter("training", tmp_path, journal=tmp_path / "journal", tracker=None) as meter:
        meter.flush()
    assert meter.record()["pieces"] == 1


def test_the_stages_own_error_passes(tmp_path, no_gpu) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        EnergyMeter("training", tmp_path, journal=tmp_path, tracker=None),
    ):
        _ = 1 / 0
    assert (tmp_path / "energy-training-0001.json").exists()


def test_unknown_stage() -> None:
    with pytest.raises(ValueError, match="training, validation"):
        EnergyMeter("train", ABSENT)


def test_real_codecarbon_counts_short_stages_offline(tmp_path, no_gpu, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.delenv("SED_COUNTRY", raising=False)
    monkeypatch.setenv("CODECARBON_PUE", "5")
    monkeypatch.setenv("CODECARBON_OUTPUT_METHODS", "api")
    monkeypatch.setenv("CODECARBON_EMISSIONS_ENDPOINT", "http://localhost:9/")
    (tmp_path / "emissions.csv").write_text("of an older result\n")
    for _ in range(2):
        with EnergyMeter("evaluation", tmp_path, journal=tmp_path) as meter:
            time.sleep(0.2)
            meter.flush()
            time.sleep(0.1)
    record = meter.record()
    rows = pd.read_csv(tmp_path / "emissions.csv")
    assert list(rows["project_name"]) == ["DCASE Task 4 SED EVALUATION"] * 2
    assert (rows["pue"] == 1.0).all()
    assert record["codecarbon"]["kwh"] > 0
    assert record["codecarbon"]["kwh"] == pytest.approx(rows["energy_consumed"].sum(), rel=1e-6)
    assert record["emissions"]["grid_kg_per_kwh"] == pytest.approx(0.056, abs=0.001)  # France
    assert record["components"]["ram"]["method"].startswith("estimated (codecarbon 3")


def test_parts_change_while_nothing_reads_them(tmp_path, no_gpu) -> None:
    """The watching thread writes them into its journal."""
    free = []

    class Phases(dict):
        def __setitem__(self, name: str, value: object) -> None:
            watcher = threading.Thread(
                target=lambda: free.append(meter._lock.acquire(blocking=False))
            )
            watcher.start()
            watcher.join()
            super().__setitem__(name, value)

    with EnergyMeter("training", tmp_path, tracker=None, powercap=ABSENT) as meter:
        meter._phases = Phases()
        with meter.phase("validation"):
            pass
    assert free == [False]


def test_a_part_is_counted_within_the_whole(tmp_path):
    with EnergyMeter("training", tmp_path, tracker=None) as meter:
        for _ in range(2):
            with meter.phase("validation"):
                time.sleep(0.05)
        time.sleep(0.05)
    record = meter.record(system="crnn", seed=1)
    phase = record["phases"]["validation"]
    assert 0.1 <= phase["seconds"] < record["seconds"] - 0.04
    assert phase["gpu"] == 0 or phase["gpu"] is None
