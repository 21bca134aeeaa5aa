"""Label formats: what is written is read again, by us and by the formats' own libraries."""

import json

import jams
import pympi
import pytest
from praatio import textgrid

from sed_core.data.annotations import read_strong
from sed_core.data.label_formats.__main__ import main as convert
from sed_core.data.label_formats.formats import FORMATS, label_paths, read_labels, write_labels
from sed_core.data.label_formats.labelled_events import Label, RecordingLabels
from sed_core.runtime.errors import SedError

DOG = Label(0.5, 1.25, "Dog", 0.75, 0.9)
SPEECH = Label(1.0, 2.125, 'Speech, "male"', 0.8123, 0.9)
LATE = Label(86_400.064, 86_401.5, "Dog", 0.5, 0.5001)
LONG = RecordingLabels("a/b.wav", [DOG, SPEECH, LATE], 90_000.0)
SILENT = RecordingLabels("a/silent.wav", [], 10.0)


@pytest.fixture(params=FORMATS)
def name(request) -> str:
    return request.param


def written(folder, name, recordings):
    path = folder / f"b{FORMATS[name].suffix}"
    write_labels(path, name, recordings)
    return path


def test_what_is_written_is_read_again(name, tmp_path):
    form = FORMATS[name]
    recordings = [LONG, SILENT] if form.one_file else [LONG]
    path = written(tmp_path, name, recordings)
    found = read_labels(path)
    assert [list(one.labels) for one in found] == [list(one.labels) for one in recordings]
    if form.one_file:
        assert [one.filename for one in found] == ["a/b.wav", "a/silent.wav"]
    again = tmp_path / f"again{form.suffix}"
    write_labels(again, name, found if form.one_file else [LONG])
    read_again = read_labels(again)
    assert [one.labels for one in read_again] == [one.labels for one in found]


def test_events_without_confidence(name, tmp_path):
    plain = RecordingLabels("b", [Label(0.5, 1.0, "Dog"), Label(1.0, 2.0, "Dog")], 2.0)
    assert list(read_labels(written(tmp_path, name, [plain]))[0].labels) == list(plain.labels)


def test_a_recording_without_events(name, tmp_path):
    (found,) = read_labels(written(tmp_path, name, [SILENT]))
    assert list(found.labels) == []


def test_praat_reads_our_textgrid(tmp_path):
    path = written(tmp_path, "textgrid", [LONG])
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=True, reportingMode="error")
    assert grid.tierNames == ("Dog", 'Speech, "male"')
    assert grid.maxTimestamp == 90_000
    entries = grid.getTier("Dog").entries
    assert [(e.start, e.end) for e in entries if e.label] == [(0.5, 1.25), (86_400.064, 86_401.5)]
    assert entries[0].start == 0 and entries[-1].end == 90_000
    grid.save(str(tmp_path / "short.TextGrid"), "short_textgrid", includeBlankSpaces=True)
    assert list(read_labels(tmp_path / "short.TextGrid")[0].labels) == list(LONG.labels)


def test_elan_is_read_by_pympi(tmp_path):
    elan = pympi.Eaf(str(written(tmp_path, "elan", [LONG])))
    assert sorted(elan.get_tier_names()) == ["Dog", 'Speech, "male"']
    assert elan.get_annotation_data_for_tier("Dog")[0][:2] == (500, 1250)
    elan.to_file(str(tmp_path / "again.eaf"))
    assert list(read_labels(tmp_path / "again.eaf")[0].labels) == list(LONG.labels)


def test_jams_reads_and_accepts_our_file(tmp_path):
    found = jams.load(str(written(tmp_path, "jams", [LONG])), validate=True, strict=True)
    (annotation,) = found.search(namespace="segment_open")
    first = annotation.data[0]
    assert (first.time, first.duration, first.value, first.confidence) == (0.5, 0.75, "Dog", 0.75)


def test_scapers_background_is_no_event(tmp_path):
    value = {"label": "Dog", "role": "foreground"}
    data = [
        {"time": 0.0, "duration": 10.0, "value": {**value, "role": "background"}, "confidence": 1},
        {"time": 1.0, "duration": 2.0, "value": value, "confidence": 1.0},
    ]
    content = {"annotations": [{"namespace": "scaper", "data": data}]}
    (tmp_path / "clip.jams").write_text(json.dumps(content))
    (found,) = read_labels(tmp_path / "clip.jams")
    assert list(found.labels) == [Label(1.0, 3.0, "Dog", 1.0)]


def test_a_table_of_raven_over_several_files(tmp_path):
    """Times add up over the files; their own are in the offsets."""
    lines = [
        "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tBegin Path\tFile Offset (s)\t"
        "Species",
        "1\tWaveform 1\t1\t61.5\t62\tC:\\x\\b.wav\t1.5\tDog",
        "1\tSpectrogram 1\t1\t61.5\t62\tC:\\x\\b.wav\t1.5\tDog",
    ]
    (tmp_path / "all.selections.txt").write_text("\n".join(lines))
    (found,) = read_labels(tmp_path / "all.selections.txt")
    assert (found.filename, list(found.labels)) == ("C:/x/b.wav", [Label(1.5, 2.0, "Dog")])


def test_annotations_of_label_studio_come_before_predictions(tmp_path):
    value = {"start": 1, "end": 2, "labels": ["Cat", "Pet"]}
    region = {"type": "labels", "original_length": 9.5, "value": value}
    task = {
        "data": {"audio": "x.wav"},
        "predictions": [{"result": []}],
        "annotations": [
            {"was_cancelled": True, "result": []},
            {"result": [region, {"type": "choices"}]},
        ],
    }
    (tmp_path / "export.json").write_text(json.dumps([task]))
    (found,) = read_labels(tmp_path / "export.json")
    assert (found.duration, [label.name for label in found.labels]) == (9.5, ["Cat", "Pet"])


def test_frequencies_of_audacity_and_points_of_praat(tmp_path):
    (tmp_path / "a.txt").write_text("1\t2\tDog\n\\\t100.0\t900.0\n3.5\t3.5\tclick\n")
    found = read_labels(tmp_path / "a.txt", "audacity")[0].labels
    assert [(label.onset, label.offset) for label in found] == [(1, 2), (3.5, 3.5)]


def test_overlapping_events_of_a_class_get_a_tier_each(tmp_path):
    both = RecordingLabels("b", [Label(0, 2.0, "Dog"), Label(1.0, 3.0, "Dog")], 4.0)
    path = written(tmp_path, "textgrid", [both])
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, reportingMode="error")
    assert grid.tierNames == ("Dog", "Dog (2)")
    assert list(read_labels(path)[0].labels) == list(both.labels)


def test_names_of_label_files():
    names = ["a/x.wav", "a/x.mp3", "b/x.wav"]
    assert label_paths(names, ".txt") == ["a/x.wav.txt", "a/x.mp3.txt", "b/x.txt"]


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("a.tsv", "filename\tonset\n", "a.tsv, row 1: column offset is missing"),
        ("a.csv", "filename,onset,offset,event_label\nx,2,1,Dog\n", "a.csv, row 2: the event goes"),
        ("a.jsonl", "[1]\n", "a.jsonl, row 1: no event"),
        ("a.txt", "1\t2\n", "a.txt, row 1: expected onset, offset and label"),
        ("a.txt", "one\t2\tDog\n", "a.txt, row 1: the times 'one' and '2'"),
        ("a.TextGrid", "hello", "a.TextGrid: no TextGrid"),
        ("a.TextGrid", 'File type = "ooTextFile"\n"TextGrid"\n0\n1\n<exists>\n3', "breaks off"),
        ("a.selections.txt", "a\tb\n", "row 1: expected Begin Time (s)"),
        (
            "a.selections.txt",
            "Begin Time (s)\tEnd Time (s)\tLabel\tMean Score\n1\t2\tDog\thigh\n",
            "a.selections.txt, row 2: the score 'high' is not a number",
        ),
        ("a.txt", "1\t2\tDog\thigh\n", "a.txt, row 1: the score 'high' is not a number"),
        ("a.eaf", "<a>", "a.eaf: not XML"),
        ("a.eaf", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "a.eaf: it defines entities"),
        ("a.json", "{}x", "a.json: no list of Label Studio's tasks"),
        ("a.json", '[{"data": {}}]', "a.json: no list of Label Studio's tasks"),
        ("a.jams", "{}", "a.jams: no JAMS"),
        ("a.xyz", "", "no label format has this suffix"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path, file, text, sentence):
    (tmp_path / file).write_text(text)
    with pytest.raises(SedError) as error:
        read_labels(tmp_path / file)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_tracks_become_annotations_to_train_on(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("2\t3\tDog\n")
    (tmp_path / "b.txt").write_text("")
    convert([str(tmp_path / "a.txt"), str(tmp_path / "b.txt"), "--ending=.wav"])
    text = capsys.readouterr().out
    (tmp_path / "train.tsv").write_text(text)
    found = read_strong(tmp_path / "train.tsv", classes=["Dog"], clip_seconds=10)
    assert found.filenames == ["a.wav", "b.wav"]
    assert found.table.to_dict("records") == [
        {"filename": "a.wav", "onset": 2.0, "offset": 3.0, "event_label": "Dog"}
    ]
    convert([str(tmp_path / "train.tsv"), "--format=textgrid", f"--output={tmp_path / 'grids'}"])
    assert sorted(path.name for path in (tmp_path / "grids").iterdir()) == [
        "a.TextGrid",
        "b.TextGrid",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["a.txt", "a.txt"], "two files have labels of a; give one"),
        (["absent.txt"], "absent.txt does not exist"),
        (["a.txt", "--output=a.txt", "--format=elan"], None),
        (["a.txt", "b.txt", "--output=a.txt", "--format=elan"], "a.txt is a file, but elan has"),
    ],
)
def test_mistakes_in_a_conversion(tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("2\t3\tDog\n")
    (tmp_path / "b.txt").write_text("2\t3\tDog\n")
    if sentence is None:
        convert(words)
        return
    with pytest.raises(SedError) as error:
        convert(words)
    assert sentence in str(error.value)
