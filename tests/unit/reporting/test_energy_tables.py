import json

import pytest

from sed_core.energy.energy_record import NO_GPU
from sed_core.reporting.energy_tables import (
    energy_records,
    energy_tables,
    read_energy,
    share_of_cpu,
)
from sed_core.reporting.published_scores import published
from sed_core.reporting.table import duration
from sed_core.runtime.errors import SedError


def tables(records, systems=("crnn",), others=()):
    return energy_tables(records, systems=list(systems), dataset="mini", others=list(others))


def test_row_in_the_published_layout_with_labels(energy) -> None:
    records = [
        energy(kwh=1.7),
        energy(stage="devtest", kwh=0.0000314, seconds=7.234, method="estimated"),
    ]
    table = tables(records)[0]
    assert table.columns == ["System", "Training kWh", "Dev-test kWh", "Evaluation kWh"]
    assert table.rows == [["crnn", "1.700 (partly measured)", "0.0000314 (estimated)", "–"]]
    assert "Grid factor: 56 g CO2e per kWh, France (codecarbon 3)." in table.notes


def test_seeds_become_mean_and_spread(energy) -> None:
    records = [energy(seed=seed, kwh=1.0 + seed / 10) for seed in (1, 2, 3)]
    main, parts = tables(records)
    assert main.rows[0][1] == "1.200 ± 0.100 (partly measured)"
    assert parts.rows == [
        [
            "crnn, training",
            "1 h 00 min",
            "1200 ± 100 W",
            "0.600 ± 0.050",
            "0.360 ± 0.030",
            "0.240 ± 0.020",
            "1.320 ± 0.110",
            "0.0672 ± 0.0056",
            "3",
        ]
    ]


def test_methods_stand_below_the_components(energy) -> None:
    records = [energy(), energy("crnn_strong", kwh=None)]
    notes = tables(records, ["crnn", "crnn_strong"])[1].notes
    assert notes[0] == "GPU: measured (NVML counter); not measurable: no sensor."
    assert notes[1].startswith("CPU: estimated (codecarbon 3, CPU load x nominal 8 W): no RAPL;")


def test_not_measurable_is_not_zero(energy) -> None:
    main, parts = tables([energy(kwh=None)])
    assert main.rows[0] == ["crnn", "not measurable", "–", "–"]
    assert parts.rows[0][2:7] == ["–"] * 5


def test_a_machine_without_a_gpu_has_no_column_of_zeros(energy) -> None:
    record = energy()
    record["components"]["gpu"] = {"kwh": 0.0, "method": NO_GPU, "note": ""}
    record["phases"] = {"validation": {"gpu": 0.0, "cpu": 0.1, "ram": 0.1, "seconds": 9.0}}
    parts = tables([record])[1]
    assert "GPU kWh" in parts.columns
    assert "GPU kWh" not in parts.without_empty_columns().columns
    assert f"GPU: {NO_GPU}." in parts.notes


def test_one_blind_seed_blanks_the_mean(energy) -> None:
    main = tables([energy(seed=1), energy(seed=2, kwh=None)])[0]
    assert main.rows[0][1] == "not measurable"


def test_systems_without_energy_files(energy) -> None:
    main, parts = tables([])
    assert main.rows == [["crnn", "–", "–", "–"]]
    assert main.notes == ["No energy was recorded."]
    assert (parts.rows, parts.notes) == ([], [])
    assert "System, stage" in parts.text()
    assert "| System, stage |" in parts.markdown()


def test_busy_machine_is_told(energy) -> None:
    assert share_of_cpu(energy(other_load=2.0)) == 0.5
    assert share_of_cpu(energy(seconds=0.1, other_load=5)) == 1.0  # too short to judge
    busy = tables([energy(other_load=2.0)])[0].notes
    assert any("down to 50% of its time" in note for note in busy)
    assert not any("Other processes" in note for note in tables([energy()])[0].notes)


def test_published_energy_is_apart_with_its_hardware(energy) -> None:
    main = tables([energy()], others=published())[0]
    assert [row[0] for row in main.rows if len(row) == 1] == [
        "measured here",
        "published by others",
    ]
    assert ["2022 + AudioSet strong", "2.418", "0.027", "–"] in main.rows
    assert main.notes[-1].startswith("Energy of other hardware")


def test_records_are_flat(energy) -> None:
    first, second, *_ = energy_records([energy(kwh=2.0)], published())
    assert (first["kwh"], first["gpu_kwh"], first["gpu_method"]) == (
        2.0,
        1.0,
        "measured (NVML counter)",
    )
    assert (second["system"], second["stage"], second["kwh"]) == (
        "2022 baseline",
        "training",
        "1.717",
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(7.24, "7.2 s"), (59.9, "59.9 s"), (245.2, "4 min 05 s"), (19200, "5 h 20 min")],
)
def test_duration(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_another_json_is_refused(tmp_path) -> None:
    path = tmp_path / "devtest_psds.json"
    path.write_text(json.dumps({"system": "crnn", "seed": 1}))
    with pytest.raises(SedError, match="has no codecarbon, components, kwh, stage"):
        read_energy(path)
