"""One folder of recordings, divided into splits."""

import csv

import pytest

from sed_core.data.divide import divide
from sed_core.runtime.errors import SedError

SHARES = {"train": 60, "validation": 20, "test": 20}


def table(folder, count=20, twice=()):
    path = folder / "metadata.csv"
    with path.open("w", newline="") as stream:
        rows = [[f"r{n}.wav", 'a "hall"\nwith, stairs', "CC0"] for n in range(count)]
        rows += [[f"r{n}.wav", "again", "CC0"] for n in twice]
        csv.writer(stream).writerows([["filename", "scene", "license"], *rows])
    return path


def named(folder):
    found = {}
    for split in SHARES:
        with (folder / f"{split}.csv").open(newline="") as stream:
            found[split] = list(csv.DictReader(stream))
    return found


def test_each_recording_goes_to_one_split_with_all_its_rows(tmp_path):
    source = table(tmp_path, twice=[3, 4])
    assert divide(source, SHARES, tmp_path / "out") == {"train": 12, "validation": 4, "test": 4}
    splits = {
        split: {row["filename"] for row in rows} for split, rows in named(tmp_path / "out").items()
    }
    assert sum(map(len, splits.values())) == len(set().union(*splits.values())) == 20
    rows = [row for rows in named(tmp_path / "out").values() for row in rows]
    assert len(rows) == 22
    assert {row["scene"] for row in rows} == {'a "hall"\nwith, stairs', "again"}


def test_the_division_follows_from_the_names_alone(tmp_path):
    first = divide(table(tmp_path), SHARES, tmp_path / "a")
    lines = (tmp_path / "metadata.csv").read_text().split("CC0\n")
    shuffled = tmp_path / "other.csv"
    shuffled.write_text("filename\n" + "\n".join(f"r{n}.wav" for n in reversed(range(20))) + "\n")
    assert divide(shuffled, SHARES, tmp_path / "b") == first and len(lines) == 21
    for split in SHARES:
        of = [{row["filename"] for row in named(tmp_path / place)[split]} for place in "ab"]
        assert of[0] == of[1]
    neighbours = sorted(int(row["filename"][1:-4]) for row in named(tmp_path / "a")["train"])
    assert neighbours != list(range(12))


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"train": 60, "test": 30}, "train=60 test=30 was given; expected shares"),
        ({"train": 100, "test": 0}, "expected shares from 1"),
        ({"train": 99, "test": 1}, "has 20 recordings: too few for split 'test'"),
    ],
)
def test_shares_that_cannot_be_are_refused(tmp_path, shares, words):
    with pytest.raises(SedError, match=words):
        divide(table(tmp_path), shares, tmp_path / "out")


def test_a_table_without_names_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("file,scene\na.wav,hall\n")
    with pytest.raises(SedError, match="filename"):
        divide(tmp_path / "t.csv", SHARES, tmp_path)
