"""A whole split: clips made by several processes, annotations, and a receipt."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Literal

from sed_core.runtime.cli import die_with_parent
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest, digest_json, write_text
from sed_core.runtime.progress import progress
from sed_core.synthesis.dsp import Domain
from sed_core.synthesis.generator_registry import check_classes
from sed_core.synthesis.synthetic_clips import Recipe, SyntheticClip, make_clip, read_note

Labels = Literal["strong", "weak", "none"]


def synthesise_split(
    *,
    split: str,
    domain: Domain,
    labels: Labels,
    n_clips: int,
    seed: int,
    classes: list[str],
    clip_seconds: float,
    sample_rate: int,
    audio_dir: str | Path,
    tsv: str | Path,
    jobs: int,
) -> dict[str, Any]:
    """Make a split of the embedded data set: 16-bit mono wavs and their annotation TSV.

    Clip `i` depends on (seed, split, i) and the recipe only, neither on `n_clips` nor on `jobs`.
    A wav that is up to date is not made again; wavs made here that no longer belong to the split
    are removed, files of other origin are left alone. Each process holds about 60 MB.

    Args:
        split: seeds the clips; `devtest`, `eval` and `unlabelled` have some clips without events.
        domain: `synthetic` (dry, clean) or `real` (other parameters, rooms, devices, noise).
        labels: `strong` (filename, onset, offset, event_label; clips without events as a row of
            empty fields), `weak` (filename, event_labels as a comma list) or `none` (filename).
        n_clips: how many.
        seed: of the data set, not negative.
        classes: names with a generator in `registry.GENERATORS`.
        clip_seconds: at least 3.
        sample_rate: in Hz, a multiple of 100, at least 16000.
        audio_dir: folder of the wavs.
        tsv: annotation file.
        jobs: processes.

    Returns:
        The receipt: what was asked, counts, and a digest of every wav and the TSV; equal for
        equal data, however often the run was interrupted.

    Raises:
        SedError: a class without generator or a number out of range.
    """
    check_classes(classes)
    _check_numbers(n_clips, seed, clip_seconds, sample_rate, jobs)
    folder = Path(audio_dir)
    folder.mkdir(parents=True, exist_ok=True)
    recipe = Recipe(split, domain, seed, tuple(classes), float(clip_seconds), sample_rate)
    clips = sorted(_make_all(recipe, n_clips, folder, jobs), key=lambda clip: clip.filename)
    _remove_strangers(folder, {clip.filename for clip in clips})
    write_text(tsv, table(clips, labels))
    events = Counter(event.label for clip in clips for event in clip.events)
    present = Counter(label for clip in clips for label in {e.label for e in clip.events})
    return {
        "split": split,
        "domain": domain,
        "labels": labels,
        "seed": seed,
        "clip_seconds": float(clip_seconds),
        "sample_rate": sample_rate,
        "classes": list(classes),
        "clips": len(clips),
        "clips_without_events": sum(not clip.events for clip in clips),
        "events": {name: events[name] for name in classes},
        "clips_with_class": {name: present[name] for name in classes},
        "digest": digest_json([{c.filename: c.digest for c in clips}, digest(tsv)]),
    }


def _check_numbers(n_clips: int, seed: int, seconds: float, rate: int, jobs: int) -> None:
    rules = {
        f"clips is {n_clips}, expected 1 or more": n_clips >= 1,
        f"seed is {seed}, expected 0 or more": seed >= 0,
        f"clip seconds is {seconds}, expected 3 or more": seconds >= 3,
        f"sample rate is {rate}, expected a multiple of 100 from 16000 up": rate >= 16000
        and rate % 100 == 0,
        f"jobs is {jobs}, expected 1 or more": jobs >= 1,
    }
    for problem, holds in rules.items():
        if not holds:
            raise SedError(f"cannot synthesise: {problem}.")


def _make_all(recipe: Recipe, n_clips: int, folder: Path, jobs: int) -> Iterator[SyntheticClip]:
    """Yield finished clips in any order."""
    with progress(total=n_clips, desc=f"synthesise {recipe.split}", unit="clip") as bar:
        if jobs == 1:
            for index in range(n_clips):
                yield make_clip(recipe, index, folder)[0]
                bar.update()
            return
        with ProcessPoolExecutor(min(jobs, n_clips), initializer=die_with_parent) as pool:
            futures = [pool.submit(make_clip, recipe, index, folder) for index in range(n_clips)]
            try:
                for future in as_completed(futures):
                    yield future.result()[0]
                    bar.update()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _remove_strangers(folder: Path, wanted: set[str]) -> None:
    """Delete wavs of an earlier recipe (a split is what its folder holds) and of killed runs."""
    for path in folder.glob("*.wav"):
        ours = path.name.endswith(".part.wav") or read_note(path) is not None
        if path.name not in wanted and ours:
            path.unlink()


def table(clips: list[SyntheticClip], labels: Labels) -> str:
    """The annotation TSV in DESED's format, in the order of `clips`."""
    if labels == "none":
        return "\n".join(["filename", *(clip.filename for clip in clips)]) + "\n"
    if labels == "weak":
        rows = [(c.filename, ",".join(sorted({e.label for e in c.events}))) for c in clips]
        return "\n".join(["filename\tevent_labels", *("\t".join(row) for row in rows)]) + "\n"
    lines = ["filename\tonset\toffset\tevent_label"]
    for clip in clips:
        if not clip.events:
            lines.append(f"{clip.filename}\t\t\t")
        for event in sorted(clip.events, key=lambda e: (e.onset, e.label)):
            lines.append(f"{clip.filename}\t{event.onset:.3f}\t{event.offset:.3f}\t{event.label}")
    return "\n".join(lines) + "\n"
