"""Recordings that do not fit into memory on their way to the corpus."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from sed_core.data import clip_samples, resample
from sed_core.data.clip_samples import collect
from sed_core.data.corpus import Corpus
from sed_core.runtime.errors import SedError

HOUR = 3600


def run(folder: Path, out: Path, *, jobs: int = 1, unreadable: str = "error") -> None:
    resample.resample_split(
        split="x",
        audio_dir=folder,
        filenames=None,
        clip_seconds=1,
        sample_rate=16000,
        manifest=out / "m.tsv",
        corpus=out / "c.h5",
        jobs=jobs,
        on_unreadable=unreadable,
    )


def results(out: Path) -> list[bytes]:
    return [(out / name).read_bytes() for name in ("m.tsv", "c.h5")]


@pytest.mark.parametrize("limit", [0, 1, 99, 100, 150, 299, 300, 1000])
def test_a_file_takes_what_memory_may_not(tmp_path: Path, limit: int) -> None:
    samples = np.arange(300, dtype=np.float32)
    parts = [samples[:100], samples[100:100], samples[100:299], samples[299:]]
    file = tmp_path / "waiting"
    found = collect(parts, file, limit=limit)
    assert file.exists() == (limit < 300) == bool(found.file) and len(found.kept) <= limit
    np.testing.assert_array_equal(np.concatenate(list(found.blocks())), samples)
    assert found.digest == collect([samples], file, limit=1000).digest
    found.remove()
    assert not file.exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_way_through_files_gives_the_same_bytes(write, tmp_path, monkeypatch, jobs) -> None:
    write("a.wav", seconds=5)
    write("b.wav", rate=16000, seconds=0.2)
    folder = write("c.flac", rate=48000, seconds=4, channels=2).parent
    run(folder, tmp_path / "memory")
    spilled = []
    monkeypatch.setattr(
        resample,
        "collect",
        lambda blocks, file: spilled.append(file) or collect(blocks, file, limit=5000),
    )
    monkeypatch.setattr(clip_samples, "_BLOCK", 1000)
    run(folder, tmp_path / "files", jobs=jobs)
    assert results(tmp_path / "files") == results(tmp_path / "memory")
    assert sorted(path.name for path in (tmp_path / "files").iterdir()) == ["c.h5", "m.tsv"]
    assert len(spilled) == (3 if jobs == 1 else 0)  # the others in processes of their own


def test_nothing_waits_behind_an_error_or_a_kill(write, tmp_path, monkeypatch) -> None:
    """A long file that breaks off after its beginning was taken up, and one of a killed run."""
    path = write("a.wav", seconds=5)
    write("b.wav", seconds=1)
    path.write_bytes(path.read_bytes()[:-200_000])
    monkeypatch.setattr(resample, "collect", lambda blocks, file: collect(blocks, file, limit=5000))
    (tmp_path / "c.0123.waiting.part").write_bytes(b"of a run that was killed")
    with pytest.raises(SedError, match=r"1 of 2 files of split x cannot be used \(a.wav truncated"):
        run(path.parent, tmp_path)
    assert not list(tmp_path.glob("*.waiting.part"))
    run(path.parent, tmp_path, unreadable="skip")
    assert Corpus.open(tmp_path / "c.h5").filenames == ["b.wav"]
    assert not list(tmp_path.glob("*.part"))


MEASURED = """
import resource, sys
from workflow_scripts.resample import main
out = sys.argv[2]
main(["--audio", sys.argv[1], "--split", "x", "--clip-seconds", "10", "--jobs", "1",
      "--manifest", out + "/m.tsv", "--corpus", out + "/c.h5"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_a_recording(tmp_path: Path, root: Path) -> None:
    """An hour, 230 MB of samples, within 60 MB of what ten minutes (38 MB) take."""
    peak = {}
    for seconds in (600, HOUR):
        folder = tmp_path / f"{seconds}"
        folder.mkdir()
        noise = np.random.default_rng(0).integers(-9000, 9000, 32000 * 10).astype(np.int16)
        with sf.SoundFile(folder / "long.wav", "w", 32000, 1, "PCM_16") as sound:
            for _ in range(seconds // 10):
                sound.write(noise)
        command = [sys.executable, "-c", MEASURED, str(folder), str(tmp_path / f"out{seconds}")]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
        peak[seconds] = int(done.stdout.split()[-1]) / (1 if sys.platform == "darwin" else 1024)
        corpus = Corpus.open(tmp_path / f"out{seconds}" / "c.h5")
        assert corpus.lengths.tolist() == [seconds * 16000]
        last = corpus.samples[-80_000:-8_000]  # of a period of 10 s
        np.testing.assert_allclose(last, corpus.samples[-240_000:-168_000], atol=1e-5)
    assert peak[HOUR] < peak[600] + 60, peak
