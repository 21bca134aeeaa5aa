import importlib.util
from pathlib import Path

import numpy as np
import pytest

from sed_core.data.download.check import check, polyphony, to_markdown
from sed_core.data.manifest import write_manifest

CLASSES = ["Cat", "Dog", "Speech"]


def row(name: str, digest: str = "", status: str = "ok", flags: str = "") -> dict:
    sound = {"duration": 10.0, "sample_rate": 44100, "channels": 1, "peak": 0.5, "rms": 0.1}
    found = sound if status == "ok" else {}
    return {"filename": name, "status": status, "flags": flags, "digest": digest, **found}


@pytest.fixture
def prepared(tmp_path: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    manifests = {name: tmp_path / f"{name}.tsv" for name in ("devtest", "weak", "unlabelled")}
    truths = {name: tmp_path / f"{name}_truth.tsv" for name in ("devtest", "weak")}
    write_manifest(
        manifests["devtest"],
        [
            row("a.wav", "1", flags="short,stereo"),
            row("b.wav", "2", flags="silent"),
            row("c.wav", "2"),
            row("d.wav", status="missing"),
            row("e.wav", status="nan"),
            row("f.wav", status="unreadable"),
        ],
    )
    write_manifest(manifests["weak"], [row("g.wav", "3"), row("h.wav", status="missing")])
    write_manifest(manifests["unlabelled"], [row("i.wav", "1"), row("j.wav", "4")])
    truths["devtest"].write_text(
        "filename\tonset\toffset\tevent_label\n"
        "a.wav\t0\t4\tCat\na.wav\t1\t3\tDog\na.wav\t2\t5\tDog\na.wav\t6\t7\tCat\na.wav\t7\t8\tCat\n"
        "b.wav\t9\t10\tSpeech\nc.wav\t\t\t\nd.wav\t0\t10\tSpeech\n"
    )
    truths["weak"].write_text("filename\tevent_labels\ng.wav\tDog,Speech\nh.wav\tCat\n")
    return manifests, truths


def test_table_counts_what_is_there_and_odd(prepared: tuple[dict, dict]) -> None:
    table, _ = check(*prepared, classes=CLASSES)
    rows = table.set_index("split").T.to_dict("list")
    #                     exp pres miss unr short silent dup else labels hours
    assert rows["devtest"] == [6, 3, 1, 2, 1, 1, 2, 1, 6, 0.01]
    assert rows["weak"] == [2, 1, 1, 0, 0, 0, 0, 0, 2, 0.0]
    assert rows["unlabelled"][:9] == pytest.approx([2, 2, 0, 0, 0, 0, 0, 1, np.nan], nan_ok=True)


def test_label_statistics_against_counting_by_hand(prepared: tuple[dict, dict]) -> None:
    _, labels = check(*prepared, classes=CLASSES)
    assert list(labels) == ["devtest", "weak"]
    strong = labels["devtest"]
    assert strong.counts.tolist() == [3, 2, 1]
    assert strong.durations.tolist() == [4, 2, 3, 1, 1, 1]
    assert strong.classes.tolist() == [0, 1, 1, 0, 0, 2]
    assert strong.together.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert strong.polyphony.tolist() == [22, 5, 2, 1]
    weak = labels["weak"]
    assert weak.counts.tolist() == [0, 1, 1]
    assert weak.together.tolist() == [[0, 0, 0], [0, 1, 1], [0, 1, 1]]
    assert weak.durations.size == weak.polyphony.size == 0


def test_polyphony_against_sampling_time() -> None:
    rng = np.random.default_rng(0)
    clip = rng.integers(0, 20, 200)
    onset = rng.integers(0, 90, 200) / 10
    spans = np.stack([onset, onset + rng.integers(1, 20, 200) / 10], axis=1)
    centres = np.arange(0, 12, 0.1) + 0.05
    level = np.zeros((20, len(centres)), dtype=int)
    for number, (start, end) in zip(clip, spans, strict=True):
        level[number] += (start < centres) & (centres < end)
    expected = np.bincount(level.ravel()) * 0.1
    found = polyphony(clip, spans, total=20 * 12.0)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    nothing = polyphony(np.zeros(0, dtype=int), np.zeros((0, 2)), total=7.0)
    assert nothing.tolist() == [7.0]


def test_script_writes_tables_and_arrays(prepared: tuple[dict, dict], root: Path) -> None:
    manifests, truths = prepared
    out = manifests["weak"].parent
    path = root / "workflow_scripts" / "check_data.py"
    spec = importlib.util.spec_from_file_location("check_data", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    command = ["--manifests", *(f"{k}={v}" for k, v in manifests.items())]
    command += ["--truths", *(f"{k}={v}" for k, v in truths.items()), "--classes", *CLASSES]
    for name in ("markdown", "csv", "labels-csv", "statistics"):
        command += [f"--{name}", str(out / f"{name}.npz")]
    module.main(command)
    first = (out / "statistics.npz").read_bytes()
    text = (out / "markdown.npz").read_text()
    assert "| devtest | 6 | 3 | 1 | 2 | 1 | 1 | 2 | 1 | 6 | 0.01 |" in text
    assert "| Dog | 2 | 1 |" in text
    assert (
        out / "labels-csv.npz"
    ).read_text() == "class,devtest,weak\nCat,3,0\nDog,2,1\nSpeech,1,1\n"
    with np.load(out / "statistics.npz") as arrays:
        assert arrays["devtest/polyphony"].tolist() == [22, 5, 2, 1]
        assert arrays["classes"].tolist() == CLASSES
    module.main(command)
    assert (out / "statistics.npz").read_bytes() == first


def test_markdown_is_for_people(prepared: tuple[dict, dict]) -> None:
    table, _ = check(*prepared, classes=CLASSES)
    text = to_markdown(table)
    assert text.startswith("| split | expected |")
    assert "| unlabelled | 2 | 2 | 0 | 0 | 0 | 0 | 0 | 1 | – | 0.01 |" in text
