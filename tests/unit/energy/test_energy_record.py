import json

import pytest

from sed_core.energy import energy_record


def piece(
    *,
    cpu: float | None = 0.2,
    cpu_method: str = "measured (RAPL)",
    gpu: float | None = 0.5,
    gpu_method: str = "measured (NVML counter)",
    note: str = "",
    codecarbon: float | None = 1.0,
    exclusive: bool | None = True,
    host: str = "one",
) -> dict:
    return {
        "seconds": 10.0,
        "cpu_seconds": 15.0,
        "machine_cpu_seconds": 18.0,
        "components": {
            "cpu": energy_record.component(cpu, cpu_method, note),
            "gpu": energy_record.component(gpu, gpu_method),
            "ram": energy_record.component(0.1, "estimated (codecarbon 3, model)"),
        },
        "codecarbon": {
            "kwh": codecarbon,
            "emissions_kg": None if codecarbon is None else codecarbon * 0.05,
            "version": "3",
            "country": "France",
            "note": "",
        },
        "gpu_exclusive": exclusive,
        "hardware": {"cpu": host},
    }


def test_pieces_add_up() -> None:
    total = energy_record.combine("training", [piece(), piece(cpu=0.4), piece(gpu=0.1)])
    assert total["pieces"] == 3
    assert total["kwh"] == pytest.approx((0.2 + 0.4 + 0.2) + (0.5 + 0.5 + 0.1) + 0.3)
    assert total["components"]["cpu"]["kwh"] == pytest.approx(0.8)
    assert total["seconds"] == 30.0
    assert total["cpu_seconds"] == 45.0
    assert total["codecarbon"]["kwh"] == pytest.approx(3.0)
    assert total["project"] == "DCASE Task 4 SED TRAINING"


def test_load_is_weighted_by_time() -> None:
    busy = {**piece(), "gpu_utilisation": 0.9, "seconds": 30.0, "hardware": {"cores": 2}}
    idle = {**piece(), "gpu_utilisation": 0.1, "idle_watts": {"gpu": 70.0, "cpu": None}}
    total = energy_record.combine("training", [idle, busy])
    assert total["gpu_utilisation"] == pytest.approx(0.7)
    assert total["cpu_utilisation"] == pytest.approx(30 / (2 * 40))
    assert total["idle_watts"] == {"gpu": None, "cpu": None}  # of the last run, which knew none
    assert energy_record.combine("training", [piece()])["gpu_utilisation"] is None


def test_an_ensemble_costs_the_sum_and_hears_the_same_clips() -> None:
    members = [
        {**energy_record.combine("devtest", [piece()]), "work": {"clips": 60}},
        {**energy_record.combine("devtest", [piece(), piece()]), "work": {"clips": 60}},
    ]
    both = energy_record.total(members, system="both", seed=0)
    assert both["kwh"] == pytest.approx(3 * 0.8)
    assert both["pieces"] == 3
    assert both["work"] == {"clips": 60}
    assert both["system"] == "both"
    trained = [
        {**energy_record.combine("training", [piece()]), "work": {"steps": n}} for n in (10, 20)
    ]
    assert energy_record.total(trained)["work"] == {"steps": 30}


def test_emissions_follow_the_stated_grid_factor() -> None:
    total = energy_record.combine("devtest", [piece()])
    assert total["emissions"] == {
        "kg": pytest.approx(0.8 * 0.05),
        "grid_kg_per_kwh": pytest.approx(0.05),
        "grid": "France (codecarbon 3)",
    }


def test_no_codecarbon_no_emissions() -> None:
    total = energy_record.combine("devtest", [piece(codecarbon=None)])
    assert total["emissions"]["kg"] is None
    assert total["codecarbon"]["kwh"] is None


def test_a_gap_in_one_piece_shows_in_the_method() -> None:
    lost = piece(cpu=None, cpu_method=energy_record.NOT_MEASURABLE, note="RAPL: gone")
    total = energy_record.combine("training", [piece(), lost])
    assert total["components"]["cpu"] == {
        "kwh": pytest.approx(0.2),
        "method": "measured (RAPL) + not measurable",
        "note": "RAPL: gone",
    }
    assert total["method"] == "incomplete"


def test_nothing_known_is_none_not_zero() -> None:
    blind = energy_record.component(None, energy_record.NOT_MEASURABLE)
    lost = {**piece(), "components": dict.fromkeys(("cpu", "gpu", "ram"), blind)}
    total = energy_record.combine("training", [lost])
    assert total["kwh"] is None
    assert total["emissions"]["kg"] is None


def test_another_machine_is_told() -> None:
    same = energy_record.combine("training", [piece(), piece()])["limits"]
    moved = energy_record.combine("training", [piece(), piece(host="two")])["limits"]
    assert len(moved) == len(same) + 1
    assert "different machines" in moved[-1]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [([True, True], True), ([True, None], None), ([None, False], False)],
)
def test_exclusive_over_pieces(seen: list, expected: bool | None) -> None:
    total = energy_record.combine("training", [piece(exclusive=value) for value in seen])
    assert total["gpu_exclusive"] is expected


@pytest.mark.parametrize(
    ("methods", "word"),
    [
        (["measured (RAPL)", "no GPU used", "measured (RAPL)"], "measured"),
        (["measured (RAPL)", "no GPU used", "estimated (x)"], "partly measured"),
        (["estimated (x)", "no GPU used", "estimated (x)"], "estimated"),
        (["estimated (x)", "not measurable", "estimated (x)"], "incomplete"),
    ],
)
def test_overall_word(methods: list[str], word: str) -> None:
    assert energy_record.overall(methods) == word


def test_files_keep_tiny_figures(tmp_path) -> None:
    total = energy_record.combine("evaluation", [piece(codecarbon=1.25e-9)])
    energy_record.write_energy(
        total, tmp_path / "eval.energy.json", tmp_path / "cc" / "eval_tot_kwh.txt"
    )
    assert json.loads((tmp_path / "eval.energy.json").read_text())["codecarbon"]["kwh"] > 1e-9
    assert float((tmp_path / "cc" / "eval_tot_kwh.txt").read_text()) == 1.25e-9


@pytest.mark.parametrize(("cpu", "text"), [(0.2, 0.8), (None, 0.6)])
def test_text_file_without_codecarbon_holds_our_total(tmp_path, cpu, text) -> None:
    method = "measured (RAPL)" if cpu else energy_record.NOT_MEASURABLE
    total = energy_record.combine("devtest", [piece(cpu=cpu, cpu_method=method, codecarbon=None)])
    energy_record.write_energy(total, tmp_path / "a.json", tmp_path / "a.txt")
    assert float((tmp_path / "a.txt").read_text()) == pytest.approx(text)


def test_splits_of_one_extraction_are_one_record() -> None:
    splits = [
        {
            **energy_record.combine("extraction", [piece()]),
            "system": "ast (frame)",
            "seed": 0,
            **work,
        }
        for work in ({"work": {"clips": 60}, "split": "devtest"}, {"work": {"clips": 140}})
    ]
    other = {**energy_record.combine("training", [piece()]), "system": "crnn", "seed": 1}
    one, same = energy_record.merged([*splits, other])
    assert same is other
    assert (one["system"], one["work"], one["pieces"]) == ("ast (frame)", {"clips": 200}, 2)
    assert one["kwh"] == pytest.approx(2 * splits[0]["kwh"])


def test_parts_add_up_over_pieces_unless_unknown() -> None:
    used = {"seconds": 2.0, "cpu": 0.25, "gpu": None}
    pieces = [{**piece(), "phases": {"validation": used}}, {**piece(), "phases": {}}]
    pieces.append({**piece(), "phases": {"validation": {"seconds": 1.0, "cpu": 0.5, "gpu": 1.0}}})
    phases = energy_record.combine("training", pieces)["phases"]
    assert phases == {"validation": {"seconds": 3.0, "cpu": 0.75, "gpu": None}}
