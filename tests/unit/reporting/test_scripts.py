"""The two scripts from files to files."""

import csv
import json
import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from sed_core.runtime.errors import SedError


@pytest.fixture
def files(tmp_path, scores, energy) -> Path:
    curve = {"efpr": [10.0, 50.0], "tpr": [0.5, 1.0]}
    scenario = {"efpr": [10.0, 50.0], "etpr": [0.5, 1.0], "per_class": {"Cat": curve}}
    contents = {
        "scores.json": scores(),
        "energy.json": energy(),
        "roc.json": {"student": {"psds1": scenario, "psds2": scenario}},
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(json.dumps(content))
    (tmp_path / "history.csv").write_text("epoch,val/obj_metric\n0,0.1\n1,0.9\n")
    return tmp_path


def tables_arguments(files: Path, *more: str) -> list[str]:
    out = [f"--{kind}-{suffix}={files}/{kind}.{suffix}" for kind, suffix in OUTPUTS]
    return [f"--scores={files}/scores.json", "--dataset-name=mini", *out, *more]


OUTPUTS = [(kind, suffix) for kind in ("scores", "energy") for suffix in ("md", "csv")]


def test_tables(root, files, capsys) -> None:
    main = runpy.run_path(str(root / "workflow_scripts/tables.py"))["main"]
    main(tables_arguments(files, f"--energy={files}/energy.json"))
    printed = capsys.readouterr().out
    assert "crnn    0.336  0.536            64.1%      40.1%  student      1" in printed
    assert "1.700 (partly measured)" in printed
    assert "published" not in printed
    assert (files / "scores.md").read_text().startswith("# Scores: mini\n\n## Scores on mini")
    with (files / "energy.csv").open() as stream:
        assert next(csv.DictReader(stream))["codecarbon_kwh"].startswith("1.87")


def test_tables_with_published_rows_and_without_energy(root, files, capsys) -> None:
    main = runpy.run_path(str(root / "workflow_scripts/tables.py"))["main"]
    main(tables_arguments(files, "--published", f"--html={files}/all.html"))
    assert "2022 + AudioSet strong" in (files / "energy.md").read_text()
    assert (files / "all.html").read_text().count(
        "<table>"
    ) == 4  # without energy nothing to relate
    assert "No energy was recorded." in capsys.readouterr().out


def plot_arguments(files: Path, kind: str, run: str = "") -> list[str]:
    outs = [f"--{name}={files}/{run}{name}.{kind}" for name in ("curves", "roc-plot", "bars")]
    return [
        f"--history={files}/history.csv",
        f"--roc={files}/roc.json",
        f"--scores={files}/scores.json",
        *outs,
    ]


def test_plots_are_the_same_bytes_every_time(root, files) -> None:
    main = runpy.run_path(str(root / "workflow_scripts/plots.py"))["main"]
    for run in ("first-", "second-"):
        main(plot_arguments(files, "svg", run))
    for name in ("curves", "roc-plot", "bars"):
        first = (files / f"first-{name}.svg").read_bytes()
        assert first == (files / f"second-{name}.svg").read_bytes()
        ET.fromstring(first)  # well-formed
        assert str(files).encode() not in first


def test_plots_refuse_scores_of_one_seed(root, files) -> None:
    (files / "scores.json").write_text("{}")
    main = runpy.run_path(str(root / "workflow_scripts/plots.py"))["main"]
    with pytest.raises(SedError, match="give the scores over seeds"):
        main(plot_arguments(files, "png"))
    assert not (files / "curves.png").exists()
