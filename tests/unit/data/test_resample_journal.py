import json
from pathlib import Path

import numpy as np
import pytest

from sed_core.data.clip_samples import ClipSamples, collect
from sed_core.data.resample import ResampleJournal

SETTINGS = {"sample_rate": 16000}


def clip(samples: np.ndarray) -> ClipSamples:
    return collect([samples], Path("not-needed"))


def stored(journal: ResampleJournal, name: str) -> np.ndarray:
    return np.concatenate(list(journal.samples(name)))


def fill(corpus: Path, names: str = "abc") -> ResampleJournal:
    journal = ResampleJournal(corpus, SETTINGS)
    for name in names:
        samples = clip(np.full(100 + ord(name), ord(name), dtype=np.float32))
        row = {"filename": name, "digest": samples.digest}
        journal.add(row, [name, 1, 2], samples)
    return journal


def test_clips_are_taken_up_again(tmp_path: Path) -> None:
    corpus = tmp_path / "data" / "split.h5"
    fill(corpus).close()
    journal = ResampleJournal(corpus, SETTINGS)
    assert list(journal.entries) == ["a", "b", "c"]
    assert journal.entries["b"].source == ["b", 1, 2]
    assert (stored(journal, "b") == ord("b")).all()
    journal.remove()
    assert not list(corpus.parent.iterdir())


def test_other_settings_start_afresh(tmp_path: Path) -> None:
    fill(tmp_path / "split.h5").close()
    journal = ResampleJournal(tmp_path / "split.h5", {"sample_rate": 8000})
    assert not journal.entries
    assert (tmp_path / "split.samples.part").stat().st_size == 0


@pytest.mark.parametrize("which", ["samples", "journal"])
def test_any_torn_end_is_dropped_and_written_again(tmp_path: Path, which: str) -> None:
    """Cut either file in many places: what is left is a whole prefix, and it can go on."""
    corpus = tmp_path / "split.h5"
    fill(corpus).close()
    files = [tmp_path / "split.samples.part", tmp_path / "split.journal.part"]
    whole = [file.read_bytes() for file in files]
    cut = which == "journal"
    for size in range(0, len(whole[cut]), 37):
        for file, content in zip(files, whole, strict=True):
            file.write_bytes(content)
        files[cut].write_bytes(whole[cut][:size])
        journal = ResampleJournal(corpus, SETTINGS)
        kept = "".join(journal.entries)
        assert "abc".startswith(kept) and kept != "abc"
        journal.close()
        fill(corpus, "abc".removeprefix(kept)).close()
        assert [file.read_bytes() for file in files] == whole


def test_a_flipped_sample_is_found(tmp_path: Path) -> None:
    corpus = tmp_path / "split.h5"
    fill(corpus).close()
    log = tmp_path / "split.samples.part"
    content = bytearray(log.read_bytes())
    content[4 * (100 + ord("a")) + 5] ^= 1  # in clip b
    log.write_bytes(content)
    assert list(ResampleJournal(corpus, SETTINGS).entries) == ["a"]


def test_a_clip_done_twice_counts_once(tmp_path: Path) -> None:
    corpus = tmp_path / "split.h5"
    journal = fill(corpus)
    new = np.arange(7, dtype=np.float32)
    journal.add({"filename": "b", "digest": clip(new).digest}, ["b", 3, 4], clip(new))
    journal.close()
    again = ResampleJournal(corpus, SETTINGS)
    assert stored(again, "b").tolist() == new.tolist() and again.entries["b"].source == ["b", 3, 4]
    lines = (tmp_path / "split.journal.part").read_text().splitlines()
    assert len(lines) == 5 and json.loads(lines[0]) == SETTINGS
