import numpy as np
import pytest

from sed_core.data.aggregation import AGGREGATIONS, Votes, aggregate, votes_of
from sed_core.data.annotator_weights import annotator_scores, annotator_weights
from sed_core.data.annotators import annotated_files, read_raw_annotations
from sed_core.runtime.errors import SedError

HEADER = "filename,onset,offset,class,annotator_id,annotator_is_creator,review_status,reviewer_id"
CLASSES = ["Dog", "Cat"]


def read(tmp_path, *rows):
    path = tmp_path / "annotations_raw.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return read_raw_annotations(path, classes=CLASSES)


def test_rows_that_count(tmp_path):
    table = read(
        tmp_path,
        '"a, b.wav",0,1,Dog,"x;y",True,unreviewed,',
        '"a, b.wav",0,1,Dog,"x;y",True,unreviewed,',
        '"a, b.wav",0,2,Dog,z,False,unreviewed,',
        '"a, b.wav",1,2,Cat,z,False,accepted,r',
        "c.wav,0,1,Dog,x,True,rejected,r",
        "d.wav,,,,x,True,unreviewed,",
    )
    files = annotated_files(table)
    assert list(files) == ["a, b.wav", "d.wav"]
    first = files["a, b.wav"]
    assert first.annotators == ["x;y", "z"] and first.creators.tolist() == [True, False]
    assert first.events["offset"].tolist() == [1, 2]
    assert files["d.wav"].annotators == ["x"] and files["d.wav"].events.empty
    reviewed = annotated_files(table, reviewed=True)
    assert reviewed["a, b.wav"].reviewed and reviewed["a, b.wav"].annotators == ["z"]
    assert not reviewed["d.wav"].reviewed


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("a.wav,0,1,Dog,x,True,maybe,", "row 2: review_status is 'maybe'"),
        ("a.wav,0,1,Dog,x,yes,unreviewed,", "row 2: annotator_is_creator is 'yes'"),
        ("a.wav,0,1,Cow,x,True,unreviewed,", "row 2: class is 'Cow'; expected one of Dog, Cat"),
        ("a.wav,2,1,Dog,x,True,unreviewed,", "row 2: onset '2' and offset '1'"),
        ("a.wav,,1,Dog,x,True,unreviewed,", "row 2: onset '' and offset '1'"),
        ("a.wav,0,1,Dog,,True,unreviewed,", "row 2: no annotator_id"),
    ],
)
def test_wrong_rows_are_named(tmp_path, row, complaint):
    with pytest.raises(SedError, match=complaint):
        read(tmp_path, row)


def test_a_frame_counts_if_its_centre_lies_in_the_event(tmp_path):
    file = annotated_files(read(tmp_path, "a.wav,0.06,0.13,Dog,x,True,unreviewed,"))["a.wav"]
    assert file.active(CLASSES, 5)[0, 0].tolist() == [False, True, True, False, False]
    assert file.active(CLASSES, 5, start=0.04)[0, 0].tolist() == [True, True, False, False, False]


def test_aggregations_by_hand():
    active = np.array([[[1, 1, 0]], [[1, 0, 0]], [[0, 0, 0]]], bool)
    weights = np.array([0.5, 0.25, 0.25])
    votes = Votes(active, np.array([True, False, False]), weights, pick=1)
    expected = {
        "majority": [1, 0, 0],
        "union": [1, 1, 0],
        "intersection": [0, 0, 0],
        "collector": [1, 1, 0],
        "uniform": [2 / 3, 1 / 3, 0],
        "weighted": [0.75, 0.5, 0],
        "random_fixed": [1, 0, 0],
    }
    assert expected.keys() == AGGREGATIONS.keys()
    for name, values in expected.items():
        labels = aggregate(votes, name)
        assert labels.dtype == np.float32 and labels[0] == pytest.approx(values)
    strangers = Votes(active, np.zeros(3, bool), weights)
    assert aggregate(strangers, "collector")[0].tolist() == expected["majority"]
    with pytest.raises(SedError, match="Did you mean 'majority'"):
        aggregate(votes, "majorty")


def test_weights_and_picks(tmp_path):
    rows = [
        f"a.wav,0,{end},Dog,{name},False,unreviewed,"
        for name, end in {"x": 4, "y": 4, "z": 1}.items()
    ]
    file = annotated_files(read(tmp_path, *rows))["a.wav"]
    scores = annotator_scores([file], CLASSES)
    assert list(scores) == ["x", "y", "z"]
    assert scores["x"].raw_score == pytest.approx((1 + 0.4) / 2)
    weights = annotator_weights(["x", "z", "stranger"], scores)
    assert weights.sum() == pytest.approx(1) and weights[0] > weights[2] > weights[1]
    active = file.active(CLASSES, 10)
    picks = {votes_of(file, active, scores, draw=(7, "a.wav", epoch)).pick for epoch in range(30)}
    assert picks == {0, 1, 2}
    assert votes_of(file, active, scores, draw=(7, "a.wav")).pick == (
        votes_of(file, active, scores, draw=(7, "a.wav")).pick
    )


def test_alone_nobody_has_a_score(tmp_path):
    file = annotated_files(read(tmp_path, "a.wav,0,1,Dog,x,True,unreviewed,"))["a.wav"]
    assert annotator_scores([file], CLASSES) == {}
    assert annotator_weights(["x", "y"], {}).tolist() == [0.5, 0.5]


def test_a_quoted_cell_may_span_lines(tmp_path):
    table = read(
        tmp_path,
        'a.wav,0,1,Dog,"one ""two""\nthree",True,unreviewed,',
        "b.wav,0,1,Dog,x,True,unreviewed,",
    )
    assert table["annotator_id"].tolist() == ['one "two"\nthree', "x"]
    assert table.index.tolist() == [2, 4]


def test_an_own_table_needs_no_review_and_no_creator(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("filename\tonset\toffset\tevent_label\tannotator_id\na.wav\t0\t1\tDog\tx\n")
    file = annotated_files(read_raw_annotations(path, classes=CLASSES))["a.wav"]
    assert file.annotators == ["x"] and not file.creators.any() and not file.reviewed
