import json

import numpy as np
import pytest
from sed_scores_eval.base_modules.io import lazy_sed_scores_loader

from sed_core.runtime.errors import SedError
from sed_core.scoring.__main__ import main
from sed_core.scoring.events import write_events
from sed_core.scoring.predictions import kind_of
from sed_core.scoring.score_file import Posteriors, Scores
from sed_core.scoring.score_folder import read_score_folder
from tests.made_scores import write_score_folder
from tests.unit.scoring.conftest import CLASSES, FILES, TRUTH_ROWS


@pytest.fixture
def truth_options(tmp_path):
    rows = ["filename\tonset\toffset\tevent_label"]
    rows += ["\t".join(map(str, row)) for row in TRUTH_ROWS]
    (tmp_path / "truth.tsv").write_text("\n".join(rows) + "\n")
    lengths = dict.fromkeys(FILES, 10.0) | {"filler.wav": 570.0}
    text = "filename\tduration\n" + "".join(f"{n}\t{s}\n" for n, s in lengths.items())
    (tmp_path / "durations.tsv").write_text(text)
    truth, durations = (str(tmp_path / f"{name}.tsv") for name in ("truth", "durations"))
    return ["--truth", truth, "--durations", durations, "--eventless-clips", "score"]


def make_scores(detections, files=FILES):
    strong = np.full((len(FILES), 100, 3), 0.1, np.float32)
    for row in zip(
        detections.clip, detections.label, detections.onset, detections.offset, strict=True
    ):
        clip, label, onset, offset = row
        strong[clip, round(onset / 0.1) : round(offset / 0.1), label] = 0.9
    lengths = np.array([100, 100, 100, 30], np.int32)
    net = Posteriors(strong, strong.max(1))
    scores = Scores(FILES, CLASSES, 0.1, lengths, {"student": net})
    return scores.select(files)


def test_an_event_table(detections, truth_options, tmp_path, capsys):
    path = tmp_path / "events.tsv"
    write_events(path, detections, FILES, CLASSES)
    main([str(path), *truth_options, "--json", str(tmp_path / "out.json")])
    out = capsys.readouterr().out
    assert "(all classes)" in out
    assert "0.7778" in out
    result = json.loads((tmp_path / "out.json").read_text())
    assert result["networks"]["system"]["intersection_f1"]["macro"] == 0.777778
    assert result["coverage"] == {"expected": 4, "present": 4, "left_out": 0}


def test_operating_points_in_a_folder_and_in_one_file(detections, truth_options, tmp_path):
    folder = tmp_path / "points"
    for threshold in ("0.25", "0.75"):
        path = folder / f"predictions_th_{threshold}.tsv"
        write_events(path, detections, FILES, CLASSES)
    both = [path.read_text().splitlines() for path in sorted(folder.glob("*.tsv"))]
    lines = [both[0][0] + "\tthreshold"]
    lines += [
        f"{row}\t{th}" for table, th in zip(both, (0.25, 0.75), strict=True) for row in table[1:]
    ]
    (tmp_path / "points.tsv").write_text("\n".join(lines) + "\n")
    results = []
    for path in (folder, tmp_path / "points.tsv"):
        assert kind_of(path) == "operating points"
        main([str(path), *truth_options, "--json", str(tmp_path / "out.json")])
        results.append(json.loads((tmp_path / "out.json").read_text())["networks"])
    assert results[0] == results[1]
    assert results[0]["system"]["psds1"]["dcase2022"]["per_class"]["Cat"] == 0.94


def test_a_score_folder(detections, truth_options, tmp_path, capsys):
    folder = tmp_path / "scores"
    write_score_folder(folder, make_scores(detections), "student")
    loaded = lazy_sed_scores_loader(folder)  # sed_scores_eval's own reader
    assert sorted(loaded.keys()) == ["a", "b", "c", "filler"]
    assert loaded["filler"].shape == (30, 5)
    back = read_score_folder(folder, FILES)
    assert (back.filenames, back.classes) == (FILES, CLASSES)
    assert back.n_frames.tolist() == [100, 100, 100, 30]
    assert back.time[back.first[3] :].tolist() == [round(k * 0.1, 1) for k in range(31)]
    expected = make_scores(detections).networks["student"].strong
    for label, line in enumerate(back.lines):
        written = line[: back.first[3]].reshape(3, 101)
        np.testing.assert_array_equal(written[:, :100].astype("f4"), expected[:3, :, label])
        assert np.isneginf(written[:, 100]).all()
    main([str(folder), *truth_options, "--roc", str(tmp_path / "roc.json")])
    assert "psds1 exact" in capsys.readouterr().out
    assert "system" in json.loads((tmp_path / "roc.json").read_text())


def test_missing_clips_need_permission(detections, truth_options, tmp_path, capsys):
    folder = tmp_path / "scores"
    write_score_folder(folder, make_scores(detections, ["a.wav", "b.wav", "filler.wav"]), "student")
    with pytest.raises(SedError, match=r"lack c\.wav \(1 of 4 clips\)"):
        main([str(folder), *truth_options])
    main([str(folder), *truth_options, "--allow-missing"])
    assert "3 of 4 clips" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: text.replace("Dog", "Cow"), "the columns differ"),
        (
            lambda text: text.replace("0.3\t0.4", "0.3\t0.5"),
            "from 0.4 to 0.5 s, that before it to 0.5 s",
        ),
        (lambda text: text.replace("0.100000001", "nan", 1), "not all finite numbers"),
    ],
)
def test_bad_score_folders(detections, tmp_path, edit, message):
    write_score_folder(tmp_path, make_scores(detections), "student")
    path = tmp_path / "b.tsv"
    path.write_text(edit(path.read_text()))
    with pytest.raises(SedError, match=message):
        read_score_folder(tmp_path, FILES)


def test_what_is_no_prediction(truth_options, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.tsv").write_text("a\tb\n1\t2\n")
    for path in (tmp_path / "empty", tmp_path / "x.tsv"):
        with pytest.raises(SedError, match="no prediction that can be scored"):
            main([str(path), *truth_options])
    with pytest.raises(SedError, match="does not exist"):
        main([str(tmp_path / "absent.tsv"), *truth_options])
