import pytest

from sed_core.reporting.energy_tables import size_table, weighted_table, work_table
from sed_core.runtime.files import write_json
from workflow_scripts.energy_reference import main


def test_energy_per_clip_and_step(energy):
    training = {**energy(kwh=2.0), "work": {"steps": 3600}}
    test = energy(stage="devtest", kwh=0.001, seconds=36.0)
    test |= {"work": {"clips": 1000}, "idle_watts": {"gpu": 40.0, "cpu": 10.0}}
    test |= {"cpu_utilisation": 0.25, "gpu_utilisation": None}
    rows = work_table([training, test], dataset="mini").rows
    assert rows[0] == ["crnn, training", "–", "2e+03", "–", "–", "–", "–"]
    assert rows[1] == ["crnn, devtest", "3.6", "–", "50.0 W", "0.0005", "25%", "–"]


@pytest.fixture
def tables(scores, energy):
    def build(**changes):
        records = [
            energy("crnn", kwh=1.0),
            energy("crnn", stage="devtest", kwh=0.02),
            {**energy("big", kwh=2.0), **changes},
            energy("big", stage="devtest", kwh=0.01),
        ]
        rows = [scores("crnn"), scores("big"), scores("big+sebbs")]
        standard = records[:2]
        return weighted_table(
            rows, records, reference="crnn", dataset="mini", standard=standard
        ).rows

    return build


def test_twice_the_energy_halves_the_score(tables):
    rows = tables()
    assert rows[0] == ["crnn", "0.346", "0.550", "0.346", "0.550"]
    assert rows[1] == ["big", "0.173", "0.275", "0.692", "1.100"]
    assert rows[2] == ["big+sebbs", *rows[1][1:]]


def test_a_reference_run_prints_its_table(tmp_path, energy, capsys):
    write_json(tmp_path / "training.energy.json", {**energy(kwh=2.0), "work": {"steps": 3600}})
    out = tmp_path / "reference.md"
    main([f"{tmp_path}/training.energy.json", "--dataset-name=mini", f"--output={out}"])
    assert "2e+03" in capsys.readouterr().out
    assert out.read_text().startswith("# Energy reference of this machine\n\n## Energy on mini")


@pytest.mark.parametrize(
    "changes", [{"hardware": {"cpu": "other"}}, {"method": "estimated"}, {"kwh": None}]
)
def test_what_does_not_compare_is_not_divided(tables, changes):
    assert tables(**changes)[1][1:3] == ["–", "–"]


def test_sizes_are_said_once_for_each_network(energy):
    size = {"system": {"parameters": 1_112_420, "macs": 917_553_152}}
    records = [{**energy(stage=stage), "size": size} for stage in ("devtest", "evaluation")]
    encoder = {"encoder": {"parameters": 86_594_063, "macs": 130_547_204_096}}
    records.append({**energy("ast (frame)", stage="extraction"), "size": encoder})
    table = size_table(records, dataset="mini")
    assert table.rows == [
        ["crnn", "1.11 M", "918 M", "–", "–"],
        ["ast (frame)", "–", "–", "86.6 M", "131 G"],
    ]
