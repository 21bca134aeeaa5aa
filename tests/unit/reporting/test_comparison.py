import numpy as np
import pytest

from sed_core.reporting.comparison import comparison_records, comparison_table, telling
from sed_core.runtime.errors import SedError
from sed_core.scoring.bootstrap_scores import BootstrapScores
from workflow_scripts.compare import main as compare

METRICS = ("psds1_exact", "psds2_exact", "intersection_f1", "collar_f1")


def system(value: float, spread: float = 0.01, draws: str = "a") -> BootstrapScores:
    noise = np.linspace(-spread, spread, 101)
    return BootstrapScores(
        {"truth": draws}, dict.fromkeys(METRICS, value), dict.fromkeys(METRICS, value + noise)
    )


def test_a_difference_has_an_interval_and_a_p_value():
    systems = {"crnn": system(0.3), "crnn+sebbs": system(0.35, 0.03), "other": system(0.3, 0.2)}
    records = comparison_records(systems)
    assert len(records) == 3 * len(METRICS)
    first = records[0]
    assert (first["system"], first["against"]) == ("crnn+sebbs", "crnn")
    assert first["difference"] == 0.05
    assert first["low"] == pytest.approx(0.05 - 0.95 * 0.02)
    assert first["p"] == pytest.approx(2 / 102, abs=1e-6)
    table = comparison_table(records, list(systems), dataset="mini")
    assert table.rows[0][:2] == ["crnn+sebbs − crnn", "+0.050 [+0.031, +0.069]*"]
    assert table.rows[0][3:] == ["+5.0 [+3.1, +6.9]*"] * 2  # F1 in points
    assert table.rows[1][1] == "+0.000 [-0.180, +0.180]"


def test_the_table_shows_the_first_system_and_each_variants_own():
    names = ["crnn", "crnn+sebbs", "big", "big+sebbs"]
    assert telling(names) == [
        ("crnn+sebbs", "crnn"),
        ("big", "crnn"),
        ("big+sebbs", "crnn"),
        ("big+sebbs", "big"),
    ]


def test_systems_scored_on_other_clips_are_refused():
    with pytest.raises(SedError, match="one and two were resampled from other clips"):
        comparison_records({"one": system(0.3), "two": system(0.3, draws="b")})


def test_script_from_files_to_files(tmp_path, capsys):
    paths = []
    for name, value in (("crnn", 0.3), ("big", 0.4)):
        system(value).write(tmp_path / f"{name}.json", system=name, split="devtest")
        paths.append(str(tmp_path / f"{name}.json"))
    compare([*paths, f"--markdown={tmp_path}/c.md", f"--csv={tmp_path}/c.csv"])
    assert "big − crnn  +0.100" in capsys.readouterr().out
    assert "| big − crnn |" in (tmp_path / "c.md").read_text()
    assert (tmp_path / "c.csv").read_text().splitlines()[1].startswith("big,crnn,collar_f1,0.1,")
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(SedError, match=r"give files \*_bootstrap.json"):
        compare([str(tmp_path / "c.json")])


def test_one_system_has_nothing_to_be_compared_with():
    assert comparison_table([], ["crnn"], dataset="mini").notes == [
        "Nothing to compare: one system, or scoring.bootstrap is 0."
    ]
