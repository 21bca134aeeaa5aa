"""The real DESED annotation files: counts of the protocol, and values as pandas reads them."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from sed_core.data.annotations import Annotations, read_list, read_strong, read_weak
from sed_core.data.weak_split import weak_split

CLASSES = [
    "Alarm_bell_ringing",
    "Blender",
    "Cat",
    "Dishes",
    "Dog",
    "Electric_shaver_toothbrush",
    "Frying",
    "Running_water",
    "Speech",
    "Vacuum_cleaner",
]


Files = Callable[[str], Path]


@pytest.fixture(scope="module")
def metadata(reference_file: Files) -> Files:
    return lambda name: reference_file(f"scoring/desed_metadata/{name}.tsv")


def devtest(metadata: Files) -> Annotations:
    return read_strong(metadata("validation"), classes=CLASSES, clip_seconds=10)


def test_devtest(metadata: Files) -> None:
    found = devtest(metadata)
    counts = {name: found.counts[name] for name in found.counts if name != "events_per_class"}
    assert counts == {
        "rows": 4239,
        "clips": 1168,
        "clips_without_events": 15,
        "events": 4224,
        "repeated_rows_dropped": 0,
        "zero_length_dropped": 0,
        "same_class_overlaps_merged": 0,
        "events_ending_after_clip": 4,
        "events_cut_at_end_of_file": 0,
        "events_beyond_end_of_file_dropped": 0,
    }
    per_class = [420, 94, 341, 559, 570, 65, 94, 237, 1752, 92]
    assert list(found.counts["events_per_class"].values()) == per_class


def test_values_are_those_of_pandas(metadata: Files) -> None:
    expected = pd.read_csv(metadata("validation"), sep="\t").dropna().reset_index(drop=True)
    pd.testing.assert_frame_equal(devtest(metadata).table, expected, check_exact=True)


def test_the_files_own_lengths_change_nothing(metadata: Files) -> None:
    """102 clips are shorter than 10 s, and 16 events end up to 0.12 s after theirs: as in 2022."""
    told = pd.read_csv(metadata("validation_durations"), sep="\t")
    lengths = dict(zip(told["filename"], told["duration"], strict=True))
    found = read_strong(metadata("validation"), classes=CLASSES, clip_seconds=10, durations=lengths)
    pd.testing.assert_frame_equal(found.table, devtest(metadata).table, check_exact=True)
    assert found.counts["events_ending_after_clip"] == 16


def test_weak(metadata: Files) -> None:
    found = read_weak(metadata("weak"), classes=CLASSES)
    assert len(found.filenames) == 1578
    per_class = [206, 134, 173, 184, 214, 103, 171, 345, 550, 167]
    assert list(found.counts["labels_per_class"].values()) == per_class


def test_unlabelled_and_public_evaluation(metadata: Files) -> None:
    assert len(read_list(metadata("unlabel_in_domain")).filenames) == 14412
    public = read_strong(metadata("public_eval"), classes=CLASSES, clip_seconds=10)
    assert (public.counts["clips"], public.counts["events"]) == (692, 2765)


def test_weak_split_of_2022(metadata: Files) -> None:
    names = read_weak(metadata("weak"), classes=CLASSES).filenames
    train, val = weak_split(names, fraction=0.9, seed=42)
    assert (len(train), len(val)) == (1420, 158)
    assert train[:2] == ["Y4MILPH5z3no_30.000_40.000.wav", "Y7mvN10Zo2mg_180.000_190.000.wav"]
    assert val[:2] == ["Y6aNA6pqmpd8_0.000_6.000.wav", "Y7fGU8SFid9E_130.000_140.000.wav"]
    assert sorted(train + val) == sorted(names)
