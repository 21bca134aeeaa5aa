"""Whole splits: same bytes for any number of processes and after any kill; formats as in DESED."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import soundfile

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import read_json
from sed_core.synthesis.synthetic_split import synthesise_split

CLASSES = ["Dog", "Blender", "Dishes", "Frying"]


def make(folder, **changes):
    options = {
        "split": "strong",
        "domain": "real",
        "labels": "strong",
        "n_clips": 4,
        "seed": 1,
        "classes": CLASSES,
        "clip_seconds": 3.0,
        "sample_rate": 16000,
        "audio_dir": folder / "audio",
        "tsv": folder / "truth.tsv",
        "jobs": 1,
    }
    return synthesise_split(**{**options, **changes})


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_bytes_depend_on_the_seed_and_not_on_jobs(tmp_path):
    first = make(tmp_path / "a")
    assert make(tmp_path / "b", jobs=3) == first
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    other = make(tmp_path / "c", seed=2)
    assert other["digest"] != first["digest"]


def test_clips_do_not_depend_on_how_many_there_are(tmp_path):
    make(tmp_path / "many", labels="none")
    make(tmp_path / "few", labels="none", n_clips=2)
    many, few = contents(tmp_path / "many" / "audio"), contents(tmp_path / "few" / "audio")
    assert len(few) == 2
    assert few.items() <= many.items()


def test_finished_wavs_stay_broken_ones_are_made_again_and_old_ones_go(tmp_path):
    receipt = make(tmp_path)
    before = contents(tmp_path)
    wavs = sorted((tmp_path / "audio").glob("*.wav"))
    stamps = {path: path.stat().st_mtime_ns for path in wavs}
    wavs[0].write_bytes(wavs[0].read_bytes()[:3000])
    wavs[1].unlink()
    assert make(tmp_path) == receipt
    assert contents(tmp_path) == before
    assert all(path.stat().st_mtime_ns == stamps[path] for path in wavs[2:])

    foreign = tmp_path / "audio" / "mine.wav"
    soundfile.write(foreign, [0.0, 0.1], 16000)
    torn = tmp_path / "audio" / "Y0.part.wav"
    torn.write_bytes(b"RIFF")
    make(tmp_path, seed=9)
    assert foreign.exists()
    assert not torn.exists()
    assert not any(path.exists() for path in wavs)
    assert len(list((tmp_path / "audio").glob("*.wav"))) == 5


def test_a_killed_run_continues_to_the_same_bytes(tmp_path, root):
    def command(folder, jobs):
        script = [sys.executable, str(root / "workflow_scripts" / "synthesize.py")]
        what = ["--split", "strong", "--domain", "real", "--labels", "strong", "--clips", "16"]
        size = ["--clip-seconds", "3", "--sample-rate", "16000", "--jobs", str(jobs)]
        where = ["--audio", f"{folder}/audio", "--tsv", f"{folder}/t.tsv"]
        classes = ["--classes", ",".join(CLASSES), "--receipt", f"{folder}/receipt.json"]
        return [*script, *what, "--seed", "1", *size, *where, *classes]

    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.Popen(
        command(tmp_path / "a", 2), env=environment, start_new_session=True, stderr=-3, stdout=-3
    )
    while len(list((tmp_path / "a").glob("audio/Y*.wav"))) < 3 and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "a" / "receipt.json").exists(), "finished before it was killed"
    for folder, jobs in (("a", 2), ("b", 1)):
        subprocess.run(command(tmp_path / folder, jobs), env=environment, check=True)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert read_json(tmp_path / "a" / "receipt.json")["clips"] == 16


def test_wavs_are_mono_16_bit_of_the_length_in_their_name(tmp_path):
    make(tmp_path, n_clips=2, sample_rate=44100)
    for path in (tmp_path / "audio").glob("*.wav"):
        info = soundfile.info(path)
        start, end = path.stem[13:].split("_")
        assert (info.channels, info.subtype, info.samplerate) == (1, "PCM_16", 44100)
        assert info.duration == pytest.approx(float(end) - float(start))


def test_strong_tables_list_events_and_clips_without_any(tmp_path):
    receipt = make(tmp_path, split="devtest", n_clips=9)  # deck of 2 x 4 classes and a blank
    rows = pd.read_csv(tmp_path / "truth.tsv", sep="\t")
    assert list(rows.columns) == ["filename", "onset", "offset", "event_label"]
    assert rows.filename.nunique() == 9
    assert rows.filename.is_monotonic_increasing
    assert receipt["clips_without_events"] == rows.onset.isna().sum() == 1
    blank = rows[rows.onset.isna()]
    assert blank[["offset", "event_label"]].isna().all(axis=None)
    events = rows.dropna()
    assert (events.onset < events.offset).all()
    counted = events.event_label.value_counts().to_dict()
    assert {name: n for name, n in receipt["events"].items() if n} == counted
    assert set(counted) <= set(CLASSES)


def test_weak_and_unlabelled_tables(tmp_path):
    receipt = make(tmp_path, labels="weak")
    rows = pd.read_csv(tmp_path / "truth.tsv", sep="\t")
    assert list(rows.columns) == ["filename", "event_labels"]
    assert len(rows) == 4
    present = rows.event_labels.str.split(",").explode().value_counts().to_dict()
    assert present == {name: n for name, n in receipt["clips_with_class"].items() if n}
    make(tmp_path, labels="none")
    assert list(pd.read_csv(tmp_path / "truth.tsv", sep="\t").columns) == ["filename"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"classes": ["Bagpipe"]}, "'Bagpipe' has no generator"),
        ({"n_clips": 0}, "clips is 0, expected 1 or more"),
        ({"seed": -1}, "seed is -1"),
        ({"clip_seconds": 1.0}, "clip seconds is 1.0, expected 3 or more"),
        ({"sample_rate": 22051}, "multiple of 100"),
        ({"jobs": 0}, "jobs is 0"),
    ],
)
def test_mistakes_get_one_sentence(tmp_path, change, words):
    with pytest.raises(SedError, match=words):
        make(tmp_path, **change)
