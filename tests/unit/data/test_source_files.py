"""Where the files of a data set lie."""

import os
from pathlib import Path

import pytest

from sed_core.data.source_files import SourceFiles
from sed_core.runtime.errors import SedError

SPLITS = {
    "train": {"audio": "audio/train", "annotations": "metadata/train.tsv", "labels": "strong"},
    "unlabelled": {"audio": "audio/more", "labels": "none"},
    "test": {
        "audio": "audio/test",
        "annotations": "metadata/test.tsv",
        "metadata": "about/test.csv",
        "labels": "strong",
    },
    "shipped": {"audio": "audio/s", "metadata": "./configs/s.csv", "labels": "none"},
    "plain": {"audio": "audio/p", "metadata": "about/p.csv", "labels": "none"},
}


def files(root, source="folder"):
    return SourceFiles({"splits": SPLITS}, source, Path(root), Path("/workflow"))


def write(path, text="filename\tonset\toffset\tevent_label\na.wav\t0\t1\tDog\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_paths_of_a_tree_that_is_not_there_yet_are_those_of_the_configuration():
    there = files("data/set", source="download")
    assert there.audio("train") == "data/set/audio/train"
    assert there.annotations("train") == "data/set/metadata/train.tsv"
    assert there.annotations("unlabelled") == ""
    assert there.metadata("train") == ""
    assert there.metadata("test") == "data/set/about/test.csv"
    assert there.metadata("shipped") == "/workflow/configs/s.csv"
    assert there.metadata("plain") == "data/set/about/p.csv"


def test_a_tree_inside_another_folder_is_found_with_its_metadata(tmp_path):
    inside = tmp_path / "dcase/dataset"
    for split in ("train", "test"):
        write(inside / f"audio/{split}/a.wav")
        write(inside / f"metadata/{split}.tsv")
    assert files(tmp_path).audio("train") == str(inside / "audio/train")
    assert files(tmp_path).annotations("test") == str(inside / "metadata/test.tsv")
    assert files(tmp_path).metadata("test") == str(inside / "about/test.csv")


def test_only_a_folder_that_somebody_already_has_is_searched(tmp_path):
    write(tmp_path / "dcase/dataset/audio/train/a.wav")
    assert files(tmp_path, source="download").audio("train") == str(tmp_path / "audio/train")


@pytest.mark.parametrize("changed", ["audio/test/a.wav", "metadata/test.tsv", "about/test.csv"])
def test_the_state_changes_with_clips_and_with_each_table(tmp_path, changed):
    for name in ("audio/test/a.wav", "metadata/test.tsv", "about/test.csv"):
        write(tmp_path / name)
    before = files(tmp_path).state("test")
    assert files(tmp_path).state("test") == before
    os.utime(tmp_path / changed, ns=(1, 1))
    assert files(tmp_path).state("test") != before


def test_listed_counts_what_can_train(tmp_path):
    audio = {"a.wav": "0\t1\tDog", "b.wav": "\t\t"}
    rows = "".join(f"{name}\t{event}\n" for name, event in audio.items())
    write(tmp_path / "metadata/train.tsv", f"filename\tonset\toffset\tevent_label\n{rows}")
    for name in audio:
        write(tmp_path / "audio/train" / name)
        write(tmp_path / "audio/more" / name)
    assert files(tmp_path).listed("train") == 1  # the clip without events trains nothing
    assert files(tmp_path).listed("unlabelled") == 2
    assert files(tmp_path).listed("plain") is None


def test_listed_of_a_synthesis_is_what_is_asked_for(tmp_path):
    made = {"splits": {"train": {"synthesis": {"domain": "synthetic", "clips": 7}}}}
    assert SourceFiles(made, "synthesis", tmp_path, tmp_path).listed("train") == 7


def test_columns_are_asked_for_as_soon_as_the_table_is_there(tmp_path):
    files(tmp_path).require_columns("test", ("room",))  # nothing to look into yet
    files(tmp_path).require_columns("unlabelled", ("room",))
    write(tmp_path / "about/test.csv", "filename,device\na.wav,1\n")
    files(tmp_path).require_columns("test", ("device",))
    with pytest.raises(SedError, match=r"test.csv, row 1: no column room in the header"):
        files(tmp_path).require_columns("test", ("room",))
