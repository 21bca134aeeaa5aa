"""Too few clips for a batch are noticed before any audio is read."""

import pytest

from sed_core.data.clip_counts import listed_clips, too_few

SYSTEM = {
    "data": {
        "strong": ["strong", "synth"],
        "weak": "weak",
        "unlabelled": "wild",
        "validation": "val",
        "weak_split": 0.9,
    },
    "training": {"batch_size": [12, 9, 24]},
}
ENOUGH = {"strong": 4, "synth": 8, "weak": 10, "wild": 24, "val": 1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"wild": None, "synth": None}, ""),  # not downloaded yet
        (
            {"synth": 7},
            "takes 12 clips, but there are only 11 with events (strong,",
        ),
        ({"weak": 9}, "the weak part of a batch takes 9 clips, but there are only 8 (90% of weak)"),
        ({"wild": 23}, "only 23 (wild); lower training.batch_size (its number 3)"),
        ({"val": 0}, "no clip of val has an event"),
    ],
)
def test_too_few_clips_are_one_sentence(change, words):
    sentence = too_few(SYSTEM, {**ENOUGH, **change}.get)
    assert words in sentence
    assert bool(sentence) == bool(words)


def test_how_many_windows_long_clips_give_is_not_known_yet():
    system = {**SYSTEM, "data": {**SYSTEM["data"], "windows": "per_second"}}
    assert too_few(system, {**ENOUGH, "synth": 1}.get) == ""
    assert "has an event" in too_few(system, {**ENOUGH, "val": 0}.get)


def test_an_absent_part_lacks_nothing():
    data = {**SYSTEM["data"], "weak": None, "unlabelled": None}
    system = {"data": data, "training": {"batch_size": [12, 0, 0]}}
    assert too_few(system, {key: ENOUGH[key] for key in ("strong", "synth", "val")}.get) == ""


def test_a_weak_split_that_leaves_no_validation():
    system = {**SYSTEM, "training": {"batch_size": [1, 1, 1]}}
    assert "leaves none of the 4 clips of weak" in too_few(system, {**ENOUGH, "weak": 4}.get)


def test_clips_are_counted_by_the_list_or_the_folder(tmp_path):
    table = tmp_path / "a.tsv"
    table.write_text(
        "filename\tonset\toffset\tevent_label\na.wav\t0\t1\tCat\na.wav\t2\t3\tCat\nb.wav\t\t\t\n"
    )
    for name in ("a.wav", "b.flac", "notes.txt"):
        (tmp_path / name).touch()
    assert listed_clips(tmp_path, table, labels="strong") == 1
    assert listed_clips(tmp_path, table, labels="none") == 2
    assert listed_clips(tmp_path, None, labels="none") == 2
    assert listed_clips(tmp_path / "absent", None, labels="none") is None
    assert listed_clips(tmp_path, tmp_path / "absent.tsv", labels="weak") is None


def test_clips_that_the_metadata_do_not_name_do_not_count(tmp_path):
    rows = "filename\tonset\toffset\tevent_label\n" + "".join(
        f"{n}.wav\t0\t1\tDog\n" for n in range(5)
    )
    (tmp_path / "all.tsv").write_text(rows)
    (tmp_path / "some.csv").write_text("filename,place\n1.wav,cafe\n4.wav,street\n9.wav,street\n")
    files = {"audio": tmp_path, "annotations": tmp_path / "all.tsv", "labels": "strong"}
    assert listed_clips(**files) == 5
    assert listed_clips(**files, metadata=tmp_path / "some.csv") == 2
