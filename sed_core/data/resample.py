"""One pass over the recordings of a split: check every file and make the 16 kHz corpus."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sed_core.data import audio, resamplers
from sed_core.data import manifest as manifest_module
from sed_core.data.array_file import Block, ResumableFile, block_digest
from sed_core.data.audio import ClipBlocks
from sed_core.data.audio_files import audio_files
from sed_core.data.clip_samples import ClipSamples, collect, stored_blocks
from sed_core.data.corpus import write_corpus
from sed_core.data.cut_recordings import cut_samples, window_clips
from sed_core.data.manifest import manifest_row, missing_row, write_manifest
from sed_core.data.match_files import match_files
from sed_core.data.parallel import ordered_map
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest
from sed_core.runtime.progress import progress

_SOURCES = (audio, manifest_module, resamplers)  # of what a journal holds
_NAMED = 3  # unusable files named in the error's sentence; all are listed on stderr


class FinishedClip(NamedTuple):
    """One finished clip."""

    row: dict[str, Any]  # of the manifest
    source: list[Any]  # path, size and modification time (ns) of the file that was read
    start: int  # first byte in the log
    length: int  # samples in the log; 0 where the file could not be used


class ResampleJournal:
    """Two files beside the corpus: samples in the order of finishing, and a line for each clip.

    Attributes:
        entries: the finished clips by filename.
    """

    def __init__(self, corpus: Path, settings: dict[str, Any]) -> None:
        """Take up the journal of a corpus file; start afresh where its `settings` differ."""
        self._file = ResumableFile(
            corpus.with_name(f"{corpus.stem}.samples.part"),
            corpus.with_name(f"{corpus.stem}.journal.part"),
            settings=settings,
        )
        self.entries: dict[str, FinishedClip] = {}
        for block in self._file.blocks:
            self._enter(block)

    def add(self, row: dict[str, Any], source: list[Any], samples: ClipSamples) -> None:
        """Record a finished clip; a file of its samples is deleted."""
        parts = (block.tobytes() for block in samples.blocks())
        self._enter(self._file.add_parts(parts, {"row": row, "source": source}))
        samples.remove()

    def samples(self, filename: str) -> Iterator[NDArray[np.float32]]:
        """The samples of a finished clip, block by block."""
        entry = self.entries[filename]
        return stored_blocks(self._file.path, entry.start, entry.length)

    def windows(self, row: dict[str, Any], **cut: Any) -> Iterator[tuple[dict[str, Any], int]]:
        """Rows of the clips that a usable row's recording becomes, and their lengths in samples.

        `cut`: see `window_clips`.
        """
        samples = np.concatenate([*self.samples(row["filename"])])
        for window, piece in window_clips(row, samples, **cut):
            yield {**window, "digest": block_digest(piece.tobytes())}, len(piece)

    def pieces(self, filename: str, **cut: Any) -> Iterator[NDArray[np.float32]]:
        """The samples of those clips."""
        samples = np.concatenate([*self.samples(filename)])
        return (piece for _, piece in cut_samples(filename, samples, **cut))

    def close(self) -> None:
        """Keep both files for the next run."""
        self._file.close()

    def remove(self) -> None:
        """Delete both files: the corpus is written."""
        self._file.finish(None)

    def _enter(self, block: Block) -> None:
        length = block.size // np.dtype(np.float32).itemsize
        self.entries[block.note["row"]["filename"]] = FinishedClip(
            **block.note, start=block.start, length=length
        )


def resample_split(
    *,
    split: str,
    audio_dir: str | Path,
    filenames: Iterable[str] | None,
    clip_seconds: float,
    sample_rate: int,
    manifest: str | Path,
    corpus: str | Path,
    jobs: int,
    resampler: str = resamplers.DEFAULT,
    on_unreadable: Literal["error", "skip"] = "error",
    window_hop: float | None = None,
) -> dict[str, int]:
    """Write the manifest and the corpus of a split.

    Every file is opened once. Finished clips are kept in a journal beside the corpus, so the
    same call continues after a kill at any point, with equal results in the end; until the
    corpus is written, the disk holds its samples twice. Memory, beside the index: for each job
    a few blocks of audio and five finished clips at 4 bytes a sample (4 MB a job for 10 s); the
    samples of recordings beyond `clip_samples.IN_MEMORY` wait in files beside the corpus.

    Args:
        split: its name, for messages.
        audio_dir: folder with the recordings; links are followed; subfolders are read
            where there is no audio beside them.
        filenames: the clips that should be there; none means whatever is there. A listed name
            is also found under another audio suffix or with accents in two parts (`match_files`).
        clip_seconds: nominal length, for the flags short and long.
        sample_rate: of the corpus, Hz.
        manifest: TSV to write.
        corpus: HDF5 file to write.
        jobs: processes.
        resampler: one of `resamplers.RESAMPLERS`.
        on_unreadable: what to do about files that are there and cannot be used.
        window_hop: cut recordings into windows of `clip_seconds` that begin so many seconds after
            each other, which then are the split's clips; None: leave them whole.

    Returns:
        Number of clips for each status.

    Raises:
        SedError: no such folder, no audio, a name that differs from a file's in case only, or
            (by default) a file that cannot be used.
    """
    found = _find_audio(Path(audio_dir), split)
    expected = sorted(set(found if filenames is None else filenames))
    paths = match_files(expected, found, where=f"{audio_dir}, the audio folder of split {split}")
    present = {name: path for name, path in paths.items() if path.exists()}
    if not present:
        raise SedError(
            f"{audio_dir}: none of the {len(expected)} clips of split {split} is there (the first "
            f"expected is {expected[0]}); check the folder in the data set's configuration."
        )
    settings = {  # what the samples and rows of a journal depend on, beside their sources
        "clip_seconds": clip_seconds,
        "sample_rate": sample_rate,
        "code": [digest(str(module.__file__)) for module in _SOURCES],
        "resampler": resampler,
    }
    journal = ResampleJournal(Path(corpus), settings)
    try:
        todo = [item for item in present.items() if not _finished(journal, *item)]
        work = partial(
            _process,
            corpus=Path(corpus),
            clip_seconds=clip_seconds,
            sample_rate=sample_rate,
            resampler=resampler,
        )
        results = ordered_map(work, todo, jobs=jobs)
        for result in progress(results, total=len(todo), desc=f"resample {split}", unit="clip"):
            journal.add(*result)
        rows = [
            journal.entries[name].row if name in present else missing_row(name) for name in expected
        ]
        usable = [row for row in rows if row["status"] == "ok"]
        _report_unusable(rows, paths, split, fatal=on_unreadable == "error" or not usable)
        lengths = [journal.entries[row["filename"]].length for row in usable]
        whole = (journal.samples(row["filename"]) for row in usable)
        clips: Iterator[NDArray[np.float32]] = chain.from_iterable(whole)
        if window_hop is not None:
            recordings = usable
            cut = {"clip_seconds": clip_seconds, "hop": window_hop, "sample_rate": sample_rate}
            windows = [each for row in recordings for each in journal.windows(row, **cut)]
            usable, lengths = [row for row, _ in windows], [length for _, length in windows]
            clips = chain.from_iterable(
                journal.pieces(row["filename"], **cut) for row in recordings
            )
            rows = [*(row for row in rows if row["status"] != "ok"), *usable]
        write_manifest(manifest, rows)
        write_corpus(
            corpus,
            filenames=[row["filename"] for row in usable],
            digests=[row["digest"] for row in usable],
            lengths=lengths,
            clips=clips,
            sample_rate=sample_rate,
        )
    except BaseException:
        journal.close()
        raise
    finally:  # what processes left that ended in the middle
        for file in Path(corpus).parent.glob(_waiting_file(Path(corpus), "*").name):
            file.unlink()
    journal.remove()
    return dict(Counter(row["status"] for row in rows))


def _find_audio(folder: Path, split: str) -> dict[str, Path]:
    """Audio files of a folder, or of its subfolders, by name."""
    advice = (
        "point the data set's configuration to the folder that holds its recordings, or get them "
        "first (docs/getting-desed.md, docs/your-data.md)."
    )
    if not folder.is_dir():
        raise SedError(f"{folder}, the audio folder of split {split}, does not exist; {advice}")
    found = audio_files(folder)
    if not found:
        raise SedError(f"{folder}, the audio folder of split {split}, holds no audio; {advice}")
    return found


def _source(path: Path) -> list[Any]:
    status = path.stat()
    return [str(path), status.st_size, status.st_mtime_ns]


def _finished(journal: ResampleJournal, name: str, path: Path) -> bool:
    return name in journal.entries and journal.entries[name].source == _source(path)


def _process(
    item: tuple[str, Path], *, corpus: Path, clip_seconds: float, sample_rate: int, resampler: str
) -> tuple[dict[str, Any], list[Any], ClipSamples]:
    """Read one clip: its manifest row, the state of its source, its samples."""
    name, path = item
    source = _source(path)
    blocks = ClipBlocks(path, sample_rate=sample_rate, resampler=resampler)
    samples = collect(blocks, _waiting_file(corpus, block_digest(name.encode())))
    usable = blocks.clip.status == "ok"
    row = manifest_row(
        name,
        blocks.clip,
        clip_seconds=clip_seconds,
        sample_rate=sample_rate,
        digest=samples.digest if usable else "",
    )
    if usable:
        return row, source, samples
    samples.remove()
    return row, source, ClipSamples("", np.zeros(0, np.float32))


def _waiting_file(corpus: Path, key: str) -> Path:
    """Where a long recording's samples wait until they are in the journal."""
    return corpus.with_name(f"{corpus.stem}.{key}.waiting.part")


def _report_unusable(
    rows: Sequence[dict[str, Any]], paths: dict[str, Path], split: str, *, fatal: bool
) -> None:
    """List files that are there and cannot be used; raise where that ends the run."""
    unusable = [row for row in rows if row["status"] not in ("ok", "missing")]
    for row in unusable:
        print(f"{paths[row['filename']]}: {row['status']}: {row['note']}", file=sys.stderr)
    if unusable and fatal:
        named = ", ".join(f"{row['filename']} {row['status']}" for row in unusable[:_NAMED])
        rest = f" and {len(unusable) - _NAMED} more" if len(unusable) > _NAMED else ""
        raise SedError(
            f"{len(unusable)} of {len(rows)} files of split {split} cannot be used ({named}{rest}; "
            "all are listed in the log); delete or replace them, or set the data set's unreadable: "
            "skip to go on without them."
        )
