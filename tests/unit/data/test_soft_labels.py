"""Labels of several annotators and tables with confidences become events between 0 and 1."""

from pathlib import Path

import pandas as pd
import pytest

from sed_core.data.aggregation import AGGREGATIONS, aggregate, votes_of
from sed_core.data.annotator_weights import AnnotatorScore, annotator_scores, read_scores
from sed_core.data.annotators import annotated_files, read_raw_annotations
from sed_core.data.audio import AudioClip
from sed_core.data.manifest import manifest_row, missing_row, write_manifest
from sed_core.data.soft_labels import FRAME_RATE, methods
from sed_core.reporting.annotators_table import annotators_table
from sed_core.runtime.errors import SedError
from workflow_scripts import annotators, ground_truth, soft_labels

CLASSES = ["Cat", "Dog"]
LENGTHS = {"a, b.wav": 30.0, "c.wav": 2.0, "stray.wav": 4.0}
ROWS = """filename,onset,offset,class,annotator_id,annotator_is_creator,review_status,reviewer_id
"a, b.wav",0.1,4.03,Dog,"x;1",True,unreviewed,
"a, b.wav",1.0,5.0,Dog,y,False,unreviewed,
"a, b.wav",20.0,29.0,Dog,y,False,unreviewed,
"a, b.wav",20.0,99.0,Cat,z,False,unreviewed,
"a, b.wav",2.0,3.0,Dog,y,False,accepted,r
c.wav,0.5,1.0,Cat,y,False,unreviewed,
c.wav,0.5,1.0,Cat,z,False,rejected,r
stray.wav,0.5,1.0,Cat,y,False,unreviewed,
gone.wav,0.5,1.0,Cat,y,False,unreviewed,
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    rows = [
        manifest_row(name, AudioClip("ok", duration=length), clip_seconds=10, sample_rate=16000)
        for name, length in LENGTHS.items()
    ]
    write_manifest(tmp_path / "manifest.tsv", [*rows, missing_row("gone.wav")])
    (tmp_path / "raw.csv").write_text(ROWS)
    (tmp_path / "metadata.csv").write_text('filename,scene\n"a, b.wav","a ""b""; c"\nc.wav,\n')
    return tmp_path


def made(place: Path, method: str, table: str = "raw.csv", *options: str) -> pd.DataFrame:
    shared = [f"--annotations={place / table}", f"--classes={','.join(CLASSES)}"]
    if table == "raw.csv":
        annotators.main([*shared, f"--scores={place / 'scores.json'}"])
        options = (*options, f"--scores={place / 'scores.json'}")
    soft_labels.main(
        [*shared, f"--manifest={place / 'manifest.tsv'}", "--clip-seconds=10",
         f"--method={method}", f"--output={place / 'soft.tsv'}", *options]
    )  # fmt: skip
    return pd.read_csv(place / "soft.tsv", sep="\t")


@pytest.mark.parametrize("method", AGGREGATIONS)
def test_runs_are_the_frames_of_the_aggregation(place: Path, method: str) -> None:
    table = made(place, method, "raw.csv", f"--metadata={place / 'metadata.csv'}")
    assert set(table["filename"]) <= {"a, b.wav", "c.wav"}, "not in the metadata, or missing"
    files = annotated_files(read_raw_annotations(place / "raw.csv", classes=CLASSES))
    scores = annotator_scores(files.values(), CLASSES)
    for name in ("a, b.wav", "c.wav"):
        n_frames = round(LENGTHS[name] * FRAME_RATE)
        votes = votes_of(
            files[name], files[name].active(CLASSES, n_frames), scores, draw=(name,)
        )  # fmt: skip
        expected, found = aggregate(votes, method), aggregate(votes, method) * 0
        for row in table[table["filename"] == name].itertuples():
            first, stop = round(row.onset * FRAME_RATE), round(row.offset * FRAME_RATE)
            found[CLASSES.index(row.event_label), first:stop] += row.confidence
        assert found == pytest.approx(expected, abs=1e-6)


def test_random_keeps_what_each_annotator_hears(place: Path) -> None:
    table = made(place, "random")
    first = table[table["filename"] == "a, b.wav"]
    assert set(first["annotators"]) == {3} and set(table["confidence"]) == {1}
    rows = first[["annotator", "onset", "offset", "event_label"]].values.tolist()
    assert rows == [
        [0, 0.08, 4.04, "Dog"],
        [1, 1.0, 5.0, "Dog"],
        [1, 20.0, 29.0, "Dog"],
        [2, 20.0, 30.0, "Cat"],
    ]


def test_reviewed_rows_take_the_place_of_the_others(place: Path) -> None:
    table = made(place, "majority_reviewed")
    assert table.iloc[0].tolist() == ["a, b.wav", 2.0, 3.0, "Dog", 1.0]
    assert "uniform" in methods() and "weighted_reviewed" in methods()


def truth(place: Path, table: str, soft: str) -> list[list]:
    paths = [f"--{name}={place / name}" for name in ("truth", "durations", "report")]
    ground_truth.main(
        [f"--tsv={place / table}", "--labels=strong", f"--soft-labels={soft}", "--clip-seconds=10",
         f"--manifest={place / 'manifest.tsv'}", f"--classes={','.join(CLASSES)}",
         f"--metadata={place / 'metadata.csv'}", *paths]
    )  # fmt: skip
    return pd.read_csv(place / "truth", sep="\t").values.tolist()


def test_the_truth_of_several_is_their_majority(place: Path) -> None:
    assert truth(place, "raw.csv", "annotators") == [
        ["a, b.wav", 1.0, 4.04, "Dog"],
        ["c.wav", 0.48, 1.0, "Cat"],
    ]


def test_confidences_of_an_own_table(place: Path) -> None:
    (place / "own.tsv").write_text(
        "filename\tonset\toffset\tevent_label\tconfidence\n"
        "c.wav\t0\t1\tDog\t0.3\nc.wav\t0.5\t1.5\tDog\t0.6\nc.wav\t1.5\t2\tDog\t1\n"
        "c.wav\t0\t2\tCat\t0\na, b.wav\n"
    )
    table = made(place, "confidence", "own.tsv")
    assert table["confidence"].tolist() == [0.3, 0.6, 1]
    assert truth(place, "own.tsv", "confidence")[0] == ["c.wav", 0.5, 2.0, "Dog"]
    (place / "own.tsv").write_text(
        "filename\tonset\toffset\tevent_label\tconfidence\nc.wav\t0\t1\tDog\t1.2\n"
    )
    with pytest.raises(SedError, match=r"row 2: confidence '1\.2'; expected a number from 0 to 1"):
        made(place, "confidence", "own.tsv")


def test_annotators_stand_in_the_data_report(place: Path) -> None:
    made(place, "weighted")
    table = annotators_table(read_scores(place / "scores.json"), "train")
    assert table.title == "Annotators of train" and [row[0] for row in table.rows][-1] == "z"
    many = {f"{n:02d}": AnnotatorScore(n / 20, n / 20, 0.5, 3, 6) for n in range(20)}
    ranked = [row[0] for row in annotators_table(many, "train").rows]
    assert ranked == ["19", "18", "17", "16", "15", "…", "04", "03", "02", "01", "00"]
    assert annotators_table({}, "train").rows == []
