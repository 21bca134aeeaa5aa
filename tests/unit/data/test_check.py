from pathlib import Path

import pandas as pd
import pytest

from sed_core.data.check import check
from sed_core.data.manifest import write_manifest
from workflow_scripts.check_data import main


def row(name: str, digest: str = "", status: str = "ok", flags: str = "") -> dict:
    sound = {"duration": 10.0, "sample_rate": 44100, "channels": 1, "peak": 0.5, "rms": 0.1}
    found = sound if status == "ok" else {}
    return {"filename": name, "status": status, "flags": flags, "digest": digest, **found}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Prepared data of a strong, a weak and an unlabelled split."""
    (tmp_path / "truth").mkdir()
    (tmp_path / "manifests").mkdir()
    write_manifest(
        tmp_path / "manifests/devtest.tsv",
        [
            row("a.wav", "1", flags="short,stereo"),
            row("b.wav", "2", flags="silent"),
            row("c.wav", "2"),
            row("d.wav", status="missing"),
            row("e.wav", status="nan"),
            row("f.wav", status="unreadable"),
        ],
    )
    write_manifest(
        tmp_path / "manifests/weak.tsv", [row("g.wav", "3"), row("h.wav", status="missing")]
    )
    write_manifest(tmp_path / "manifests/unlabelled.tsv", [row("i.wav", "1"), row("j.wav", "4")])
    (tmp_path / "truth/devtest.tsv").write_text(
        "filename\tonset\toffset\tevent_label\n"
        "a.wav\t0\t4\tCat\na.wav\t1\t3\tDog\na.wav\t6\t7\tDog\na.wav\t6\t7\tCat\na.wav\t7.5\t8\tCat\n"
        "b.wav\t9\t10\tSpeech\nc.wav\t\t\t\n"
    )
    (tmp_path / "truth/devtest_durations.tsv").write_text(
        "filename\tduration\na.wav\t10.0\nb.wav\t10.0\nc.wav\t10.0\n"
    )
    (tmp_path / "truth/weak.tsv").write_text(
        "filename\tevent_labels\ng.wav\tDog,Speech\nh.wav\tCat,Dog\n"  # h.wav is absent
    )
    (tmp_path / "truth/unlabelled.tsv").write_text("filename\ni.wav\nj.wav\n")
    return tmp_path


def test_table_counts_what_is_there_and_odd(data: Path) -> None:
    table = check(data, ["devtest", "weak", "unlabelled"])
    rows = table.set_index("split").T.to_dict("list")
    #                     exp pres miss unr short silent dup else labels hours
    assert rows["devtest"] == [6, 3, 1, 2, 1, 1, 2, 1, 6, 0.01]
    assert rows["weak"] == [2, 1, 1, 0, 0, 0, 0, 0, 2, 0.0]
    assert rows["unlabelled"][:8] == [2, 2, 0, 0, 0, 0, 0, 1]
    assert pd.isna(rows["unlabelled"][8])


def test_script_prints_tables_and_draws(data: Path, capsys: pytest.CaptureFixture) -> None:
    files = [f"--{name}={data / name}" for name in ("markdown", "csv")]
    main(
        [
            f"--data={data}",
            *["--splits", "devtest", "weak", "unlabelled", "--strong", "devtest", "--weak", "weak"],
            *["--classes", "Cat,Dog,Speech", "--dataset-name", "pets"],
            *files,
            f"--plots={data / 'devtest.svg'}",
        ]
    )
    said = capsys.readouterr().out
    assert "unlabelled         2        2        0" in said
    text = (data / "markdown").read_text()
    assert text.startswith("# Data of pets")
    cells = [line.replace(" ", "") for line in text.splitlines()]
    assert "|devtest|6|3|1|2|1|1|2|1|6|0.01|" in cells
    assert "|unlabelled|2|2|0|0|0|0|0|1|–|0.01|" in cells
    assert "|Dog|2|1|" in cells
    assert (data / "csv").read_text().splitlines()[2] == "weak,2,1,1,0,0,0,0,0,2,0.0"
    assert "<svg" in (data / "devtest.svg").read_text()
