"""What `score` accepts and refuses, and what it says of it."""

import gzip
import json
import lzma

import numpy as np
import pytest

from sed_core.runtime.errors import SedError
from sed_core.scoring.__main__ import main
from sed_core.scoring.score_file import Posteriors, Scores, write_scores
from tests.made_scores import write_score_folder
from tests.unit.scoring.conftest import CLASSES, DETECTION_ROWS, FILES, TRUTH_ROWS

HEADER = ["filename", "onset", "offset", "event_label"]


def text(rows, separator="\t", header=HEADER):
    lines = [header, *([str(cell) for cell in row] for row in rows)]
    return "".join(separator.join(line) + "\n" for line in lines)


@pytest.fixture
def place(tmp_path):
    """A folder with ground truth, an event table, and frame scores in both forms."""
    (tmp_path / "truth.tsv").write_text(text(TRUTH_ROWS))
    durations = [(name, 570.0 if name == "filler.wav" else 10.0) for name in FILES]
    (tmp_path / "durations.tsv").write_text(text(durations, header=["filename", "duration"]))
    (tmp_path / "events.tsv").write_text(text(DETECTION_ROWS))
    strong = np.random.default_rng(1).random((4, 100, 3), np.float32) * 0.4
    for name, onset, offset, label in DETECTION_ROWS:
        frames = slice(round(onset * 10), round(offset * 10))
        strong[FILES.index(name), frames, CLASSES.index(label)] += 0.5
    net = Posteriors(strong, strong.max(1))
    scores = Scores(FILES, CLASSES, 0.1, np.full(4, 100), {"student": net})
    write_scores(tmp_path / "scores.h5", scores)
    write_score_folder(tmp_path / "scores", scores, "student")
    return tmp_path


def score(place, predictions, *options):
    """The JSON of `score`; options that are given twice count as they are given last."""
    tables = [f"--{name}={place / name}.tsv" for name in ("truth", "durations")]
    main([str(place / predictions), *tables, f"--json={place / 'out.json'}", *options])
    return json.loads((place / "out.json").read_text())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--n-thresholds=0"], "--n-thresholds is 0; expected 1 or more"),
        (["--n-thresholds=-5"], "--n-thresholds is -5"),
        (["--threshold=nan"], "--threshold is nan"),
        (["--median-window=3,3"], "2 median windows for 3 classes"),
        (["--classes=Cat,,Dog"], "expected names with commas between"),
        (["--classes=Cat,Cat"], "each once"),
        (["--classes=Cat,Cow"], r"scores\.h5 has no scores of Cow, only of Cat, Dog, Speech"),
        (["--bootstrap=-1"], "--bootstrap is -1"),
        (["--bootstrap=0", "--compare=x"], "--bootstrap is 0"),
        (["--compare={place}/absent.tsv"], "absent.tsv does not exist"),
        (["--truth={place}"], "is a folder; expected a tab-separated file"),
        (["--durations={place}"], "is a folder; expected a tab-separated file"),
        (["--json={place}"], "is a folder; name the JSON file to write"),
        (["--roc={place}"], "is a folder; name the JSON file to write"),
        (["--scenarios={place}"], "is a folder"),
    ],
)
def test_options_that_make_no_sense_are_refused(place, options, message):
    with pytest.raises(SedError, match=message):
        score(place, "scores.h5", *(option.format(place=place) for option in options))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda _: [], "holds no scenarios"),
        (lambda one: [one], "holds no scenarios"),
        (lambda one: {"x": [one]}, "x: expected exactly the parameters"),
        (lambda one: {"x": one | {"max_efpr": None}}, "max_efpr is None; expected a number"),
        (lambda one: {"x": one | {"max_efpr": "100"}}, "max_efpr is '100'; expected a number"),
        (lambda one: {"x": one | {"dtc": True}}, "dtc is True; expected a number"),
        (lambda one: {"x": one | {"alpha_ct": -1, "cttc": 0.3}}, "alpha_ct is -1"),
    ],
)
def test_scenarios_that_are_none_are_refused(place, edit, message):
    one = {"dtc": 0.5, "gtc": 0.5, "cttc": None, "alpha_ct": 0, "alpha_st": 1, "max_efpr": 100}
    (place / "s.json").write_text(json.dumps(edit(one)))
    with pytest.raises(SedError, match=message):
        score(place, "scores.h5", f"--scenarios={place / 's.json'}")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("events.tsv.gz", gzip.compress(text(DETECTION_ROWS).encode())),
        ("events.tsv.xz", lzma.compress(text(DETECTION_ROWS).encode())),
        ("scores.npz", b"PK\x03\x04\xff\xfe\x00\x01"),
        ("latin.tsv", text([("für.wav", 1, 2, "Cat")]).encode("latin-1")),
        ("wide.tsv", text(DETECTION_ROWS).encode("utf-16")),
        ("scores.H5", b"\xff not HDF5"),
        ("scores.hdf", b""),
    ],
)
def test_predictions_that_are_no_text_are_named(place, name, content):
    (place / name).write_bytes(content)
    with pytest.raises(
        SedError, match=rf"{name}(, row \d+: this)? is not (UTF-8 text|an HDF5 file)"
    ):
        score(place, name)


def test_a_row_with_a_file_name_only_is_no_detection(place):
    plain = score(place, "events.tsv")
    (place / "events.tsv").write_text(text([*DETECTION_ROWS, ("filler.wav", "", "", "")]))
    assert score(place, "events.tsv") == plain


def test_commas_are_read_as_desed_writes_them(place):
    rows = [(number, *row) for number, row in enumerate(DETECTION_ROWS)]
    (place / "predictions0.5.csv").write_text(text(rows, ",", ["", *HEADER]))
    assert score(place, "predictions0.5.csv") == score(place, "events.tsv")


def test_classes_choose_what_counts_in_any_kind(place, capsys):
    found = {
        kind: score(place, kind, "--classes=Speech,Cat")["networks"].popitem()[1]
        for kind in ("scores.h5", "scores", "events.tsv")
    }
    assert "does not name them: Dog." in capsys.readouterr().out
    for metrics in found.values():
        for metric in ("intersection_f1", "collar_f1"):
            assert list(metrics[metric]["per_class"]) == ["Cat", "Speech"]  # JSON sorts keys
    every = score(place, "events.tsv")["networks"]["system"]["collar_f1"]["per_class"]
    del every["Dog"]
    assert found["events.tsv"]["collar_f1"]["per_class"] == every
    with pytest.raises(SedError, match=r"neither the ground truth nor .*events\.tsv has .* Cow"):
        score(place, "events.tsv", "--classes=Cow")


def test_a_class_that_only_detections_have_names_the_option(place):
    with (place / "events.tsv").open("a") as file:
        file.write(text([("a.wav", 1.0, 2.0, "Cow")]).partition("\n")[2])
    with pytest.raises(SedError, match=r"'Cow' is not among the classes of .* with --classes all"):
        score(place, "events.tsv")
    assert score(place, "events.tsv", "--classes=Cat,Cow,Dog,Speech")


def test_a_class_without_scores_is_named_and_not_a_row_of_the_truth(place):
    (place / "truth.tsv").write_text(text([*TRUTH_ROWS, ("c.wav", 1.0, 2.0, "Cow")]))
    for kind in ("scores.h5", "scores"):
        with pytest.raises(SedError, match=f"{kind} has no scores of Cow, only of"):
            score(place, kind)
    assert score(place, "scores", "--classes=Cat,Dog,Speech")


def test_clips_that_are_left_out_are_counted(place, capsys):
    assert score(place, "scores")["coverage"] == {"expected": 3, "present": 3, "left_out": 1}
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("score folder; 3 of 3 clips; detections in 1 more, which have no events")
    assert "--eventless-clips score" in line
    score(place, "scores", "--eventless-clips=score")
    assert capsys.readouterr().out.splitlines()[0] == "score folder; 4 of 4 clips"


def test_a_missing_clip_names_the_option(place):
    (place / "scores" / "b.tsv").unlink()
    with pytest.raises(SedError, match=r"lack b\.wav .*--allow-missing"):
        score(place, "scores")


def test_two_recordings_of_one_stem_are_not_taken_for_each_other(place):
    rows = [*((name, 10.0) for name in FILES), ("a.flac", 10.0)]
    (place / "durations.tsv").write_text(text(rows, header=["filename", "duration"]))
    with pytest.raises(SedError, match=r"a\.tsv may be of a\.wav or of a\.flac"):
        score(place, "scores", "--allow-missing")
    (place / "scores" / "a.tsv").rename(place / "scores" / "a.wav.tsv")
    assert score(place, "scores", "--allow-missing")["coverage"]["present"] == 3


def test_the_odd_file_in_a_folder_is_named(place):
    (place / "scores" / "README.tsv").write_text("what\tthis is\n")
    with pytest.raises(SedError, match=r"README\.tsv: no clip of that name .*move"):
        score(place, "scores")
    (place / "scores" / "README.tsv").rename(place / "scores" / "filler.tsv")
    with pytest.raises(SedError, match=r"filler\.tsv: the columns differ from those of a\.tsv"):
        score(place, "scores")


def test_scores_that_are_no_probabilities_are_said(place, capsys):
    path = place / "scores" / "b.tsv"
    path.write_text(path.read_text().replace("\t0.", "\t3.", 5))
    rows = path.read_text().splitlines()
    path.write_text("\n".join(row for row in rows[:1]) + "\n0\t10\t-3.5\t2.25\t0.5\n")
    score(place, "scores")
    assert "lie between -3.5 and 2.25, no probabilities" in capsys.readouterr().out


def test_classes_that_are_never_found_count_as_0_outside_desed(place, capsys):
    (place / "events.tsv").write_text(text(row for row in DETECTION_ROWS if row[3] != "Dog"))
    metric = score(place, "events.tsv")["networks"]["system"]["intersection_f1"]
    rules = metric["conventions"]
    assert metric["per_class"]["Dog"] == 0
    assert metric["macro"] == rules["sed_scores_eval"]["macro"] == 0.444444
    assert rules["dcase2022"]["macro"] == 0.666667
    assert "0.6667 by dcase2022, where a class with no true positive is left" in (
        capsys.readouterr().out
    )
    old = score(place, "events.tsv", "--f1-convention=dcase2022")["networks"]["system"]
    assert old["intersection_f1"]["macro"] == 0.666667
    assert old["intersection_f1"]["per_class"]["Dog"] is None


def test_intervals_and_a_paired_test_come_with_the_same_command(place, capsys):
    """Of frame scores against themselves shifted, and against a table of events."""
    found = score(place, "scores.h5", "--bootstrap=20", f"--compare={place / 'scores'}")
    low, high = found["intervals"]["student"]["psds1_exact"]
    assert 0 <= low <= high <= 1
    tests = found["comparison"]["networks"]["student"]
    assert tests["collar_f1"]["against"] == "system"
    assert set(tests) == set(found["intervals"]["student"])
    out = capsys.readouterr().out
    assert "95% intervals from 20 draws of clips" in out
    assert "paired on the same draws" in out
    (place / "raw").symlink_to(place / "scores")
    same = score(place, "raw", "--bootstrap=20", f"--compare={place / 'scores'}")
    for test in same["comparison"]["networks"]["system"].values():
        assert (test["observed"], test["low"], test["high"], test["p"]) == (0, 0, 0, 1)
    mixed = score(place, "events.tsv", "--bootstrap=20", f"--compare={place / 'scores'}")
    assert set(mixed["comparison"]["networks"]["system"]) == {
        "psds1_dcase2022",
        "psds2_dcase2022",
        "intersection_f1",
        "collar_f1",
        "segment_f1",
    }


def test_systems_on_other_clips_do_not_pair(place):
    write_score_folder(place / "fewer", _without_b(place), "student")
    options = ["--allow-missing", "--bootstrap=5", f"--compare={place / 'fewer'}"]
    with pytest.raises(SedError, match="do not pair; score both on the clips that both have"):
        score(place, "scores", *options)


def _without_b(place):
    from sed_core.scoring.score_file import read_scores

    return read_scores(place / "scores.h5").select(["a.wav", "c.wav", "filler.wav"])
