"""Cleaned annotations of a split, and the durations of the clips that are there."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pandas as pd

from sed_core.data.aggregation import EVENT_FROM
from sed_core.data.annotations import (
    STRONG_COLUMNS,
    Annotations,
    merge_overlaps,
    read_list,
    read_strong,
    read_weak,
)
from sed_core.data.recording_windows import read_cut
from sed_core.data.soft_labels import CONFIDENCE, read_several, usable_durations
from sed_core.data.tsv import write_table
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import write_json

Labels = Literal["strong", "weak", "none"]


def write_ground_truth(
    *,
    tsv: str | Path | None,
    labels: Labels,
    classes: Sequence[str],
    clip_seconds: float,
    manifest: str | Path,
    truth: str | Path,
    durations: str | Path,
    report: str | Path,
    exact_durations: bool = False,
    soft_labels: str | None = None,
    metadata: str | Path | None = None,
    cut: bool = False,
) -> None:
    """Check an annotation file and write what training and scoring read.

    The truth of strong and unlabelled sets holds the clips that are there, so that it can be
    scored as it is; that of weak sets holds all annotated clips in file order, because the
    training part is drawn from the whole list. The durations name the annotated clips that are
    there.

    Args:
        tsv: the annotation file; may be None for unlabelled sets.
        labels: what kind of labels it holds.
        classes: class names of the data set.
        clip_seconds: nominal length of a clip.
        manifest: of the split.
        truth: TSV to write: filename, onset, offset, event_label (strong; all but the name empty
            for a clip without events), filename, event_labels (weak) or filename (none).
        durations: TSV to write: filename, duration (s), sorted by filename.
        report: JSON to write: what was found, merged and dropped.
        exact_durations: keep the durations as they are; by default they have one decimal, as
            in the 2022 baseline.
        soft_labels: what a strongly labelled table has beside events. `confidence`: those of 0.5
            and more are the truth, with `cut` those above 0.5, as in 2024; `annotators`: what half
            of a clip's or more hear is.
        metadata: table with a row for every clip that counts; None: all that are annotated.
        cut: the clips of the manifest are windows of the annotated recordings.

    Raises:
        SedError: a row is wrong, or no annotated clip is there.
    """
    present = pd.Series(usable_durations(manifest, metadata, cut=cut), dtype=float)
    found = _read(tsv, labels, classes, clip_seconds, present, soft_labels, cut)
    here = present[present.index.isin(found.filenames)]
    if here.empty:
        raise SedError(
            f"none of the {len(found.filenames)} clips that {tsv or manifest} names is among the "
            f"{len(present)} usable ones of {manifest}; check that both belong to one split."
        )
    table = found.table
    if labels != "weak":
        table = table[table["filename"].isin(here.index)]
    counts = {
        **found.counts,
        "clips_present": len(here),
        "clips_absent": len(found.filenames) - len(here),
        "clips_without_annotation": len(present) - len(here),
        "rows_written": len(table),
    }
    if labels == "strong":
        eventful = set(table["filename"])
        silent = [n for n in found.filenames if n in here.index and n not in eventful]
        table = pd.concat([table, pd.DataFrame({"filename": silent})], ignore_index=True)
    seconds = [s if exact_durations else round(s, 1) or s for s in here]
    write_table(truth, table)
    write_table(durations, pd.DataFrame({"filename": here.index, "duration": seconds}))
    write_json(report, counts)


def _read(
    tsv: str | Path | None,
    labels: Labels,
    classes: Sequence[str],
    clip_seconds: float,
    present: "pd.Series[float]",
    soft_labels: str | None,
    cut: bool,
) -> Annotations:
    if labels == "strong" and tsv:
        lengths = {str(name): float(duration) for name, duration in present.items()}
        if soft_labels == "annotators":
            found = read_several(tsv, classes=classes, durations=lengths)
            return replace(found, table=found.table[list(STRONG_COLUMNS)])
        soft = soft_labels == CONFIDENCE
        found = (read_cut if cut else read_strong)(
            tsv, classes=classes, clip_seconds=clip_seconds, durations=lengths, confidence=soft
        )
        if not soft:
            return found
        confidence = found.table["confidence"]
        sure = confidence > EVENT_FROM if cut else confidence >= EVENT_FROM
        return replace(found, table=merge_overlaps(found.table[sure]))
    if labels == "weak" and tsv:
        return read_weak(tsv, classes=classes)
    if labels == "none":
        if tsv:
            return read_list(tsv)
        names = present.index.tolist()
        return Annotations(names, pd.DataFrame({"filename": names}), {"clips": len(names)})
    raise SedError(f"a set with {labels} labels needs an annotation file; name it with --tsv.")
