"""A recording resampled into windows, which are the clips of its split."""

import numpy as np
import pandas as pd
import soundfile

from sed_core.data.corpus import Corpus
from sed_core.data.manifest import coverage
from sed_core.data.resample import resample_split


def test_windows_are_the_clips(tmp_path):
    samples = np.random.default_rng(0).normal(0, 0.1, 36_000).astype(np.float32)  # 4.5 s
    (tmp_path / "audio").mkdir()
    soundfile.write(tmp_path / "audio/a.wav", samples, 8000, subtype="FLOAT")
    resample_split(
        split="train", audio_dir=tmp_path / "audio", filenames=["a.wav", "gone.wav"],
        clip_seconds=2, sample_rate=8000, manifest=tmp_path / "m.tsv",
        corpus=tmp_path / "c.h5", jobs=1, window_hop=1,
    )  # fmt: skip
    corpus = Corpus.open(tmp_path / "c.h5")
    starts = [0, 1, 2, 3]
    assert corpus.filenames == [
        f"a-{100 * at:06d}-{min(100 * at + 200, 450):06d}.wav" for at in starts
    ]
    for at, first, stop in zip(starts, corpus.offsets[:-1], corpus.offsets[1:], strict=True):
        assert np.array_equal(corpus.samples[first:stop], samples[8000 * at : 8000 * (at + 2)])
    rows = pd.read_csv(tmp_path / "m.tsv", sep="\t").set_index("filename")
    assert rows["status"].to_dict() == {
        **dict.fromkeys(corpus.filenames, "ok"),
        "gone.wav": "missing",
    }
    assert rows.loc[corpus.filenames[-1], "duration"] == 1.5
    assert rows["flags"].fillna("").loc[corpus.filenames].tolist() == [
        "window", "window", "window", "short,window",
    ]  # fmt: skip
    assert coverage(tmp_path / "m.tsv") == {"present": 1, "expected": 2}, "recordings, not windows"
