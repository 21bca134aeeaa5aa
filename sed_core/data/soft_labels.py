"""Labels between 0 and 1 that train, from several annotators or from a column `confidence`.

Both become events with a confidence, so that crops, frame grids and any network can use them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from sed_core.data.aggregation import AGGREGATIONS, RANDOM, aggregate, votes_of
from sed_core.data.annotations import SOFT_COLUMNS, Annotations, read_strong
from sed_core.data.annotator_weights import AnnotatorScore, read_scores
from sed_core.data.annotators import (
    FRAME_RATE,
    AnnotatedFile,
    annotated_files,
    read_raw_annotations,
)
from sed_core.data.manifest import read_manifest
from sed_core.data.recording_windows import in_recordings, read_cut
from sed_core.data.tsv import read_table, write_table
from sed_core.runtime.errors import SedError, unknown_name

REVIEWED = "_reviewed"
CONFIDENCE = "confidence"
"""Name of the way in which a table's own confidences train."""


def methods() -> list[str]:
    """Ways in which labels come about: the table's confidences, or those of annotators as one."""
    both = ("", REVIEWED)
    return [CONFIDENCE, *(name + suffix for name in (*AGGREGATIONS, RANDOM) for suffix in both)]


def aggregated_events(
    files: Mapping[str, AnnotatedFile],
    scores: Mapping[str, AnnotatorScore],
    *,
    classes: Sequence[str],
    method: str,
    durations: Mapping[str, float],
) -> pd.DataFrame:
    """Events on which annotators agree as far as `confidence` says.

    Args:
        files: recordings, see `annotated_files`.
        scores: of annotators, for `weighted`.
        classes: class names of the data set.
        method: one of `aggregation.AGGREGATIONS`, or `RANDOM`. `random_fixed` takes the same
            annotator of a recording every time.
        durations: seconds of each recording; labels end there. Recordings without are left out.

    Returns:
        filename, onset, offset (s), event_label, confidence (above 0, up to 1): one row for each
        stretch of frames of equal label. `RANDOM` gives the stretches of every annotator, and two
        columns more: `annotator`, 0 to `annotators` - 1.
    """
    tables = [pd.DataFrame(columns=list(SOFT_COLUMNS))]
    for name, file in files.items():
        if name not in durations or file.events.empty:
            continue
        end = min(float(file.events["offset"].max()), durations[name])
        active = file.active(classes, int(np.ceil(FRAME_RATE * end)), frame_rate=FRAME_RATE)
        if method == RANDOM:
            for number, heard in enumerate(active.astype(np.float32)):
                one = runs(name, heard, classes, durations[name])
                tables.append(one.assign(annotator=number, annotators=len(active)))
            continue
        labels = aggregate(votes_of(file, active, dict(scores), draw=(name,)), method)
        tables.append(runs(name, labels, classes, durations[name]))
    found = [table for table in tables if len(table)]
    return pd.concat(found or tables, ignore_index=True)


def runs(
    name: str,
    labels: np.ndarray,
    classes: Sequence[str],
    duration: float,
    *,
    frame_rate: float = FRAME_RATE,
) -> pd.DataFrame:
    """Stretches of equal labels above 0 as events with a confidence.

    Args:
        name: file name of the clip.
        labels: (C, T) from 0 to 1.
        classes: (C,) names.
        duration: seconds; no event lasts longer.
        frame_rate: frames a second.
    """
    edge = np.zeros((len(labels), 1), labels.dtype)
    changes = np.diff(labels, axis=1, prepend=edge, append=edge) != 0
    label, frame = np.nonzero(changes)
    stop = np.append(frame[1:], 0)  # a class's last change goes to 0, so its successor is not used
    value = np.pad(labels, ((0, 0), (0, 1)))[label, frame]
    kept = value > 0
    return pd.DataFrame(
        {
            "filename": name,
            "onset": frame[kept] / frame_rate,
            "offset": np.minimum(stop[kept] / frame_rate, duration),
            "event_label": np.asarray(classes, dtype=object)[label[kept]],
            "confidence": np.round(value[kept].astype(np.float64), 6),
        }
    )


def read_several(
    path: str | Path,
    *,
    classes: Sequence[str],
    durations: Mapping[str, float],
    method: str = "majority",
    scores: Mapping[str, AnnotatorScore] | None = None,
) -> Annotations:
    """Read annotations of several people as one.

    Args:
        path: see `read_raw_annotations`.
        classes: class names of the data set.
        durations: seconds of the recordings that are there.
        method: one of `AGGREGATIONS` or `RANDOM`, with `REVIEWED` behind it where a reviewer's
            accepted rows take the place of a recording's others.
        scores: of annotators, for `weighted`.

    Raises:
        SedError: a wrong row, or no such method.
    """
    base = method.removesuffix(REVIEWED)
    if base not in (*AGGREGATIONS, RANDOM):
        raise SedError(unknown_name(method, methods(), "way to make labels"))
    rows = read_raw_annotations(path, classes=classes)
    files = annotated_files(rows, reviewed=method.endswith(REVIEWED))
    table = aggregated_events(
        files, scores or {}, classes=classes, method=base, durations=durations
    )
    counts = {
        "rows": len(rows),
        "clips": len(files),
        "annotators": int(rows["annotator_id"].nunique()),
        "events": len(table),
    }
    return Annotations(list(files), table, counts)


def write_soft_labels(
    *,
    annotations: str | Path,
    classes: Sequence[str],
    clip_seconds: float,
    manifest: str | Path,
    method: str,
    output: str | Path,
    scores: str | Path | None = None,
    metadata: str | Path | None = None,
    cut: bool = False,
    also: Mapping[str, str] | None = None,
) -> int:
    """Write the labels that train: filename, onset, offset, event_label, confidence.

    Args:
        annotations: table of the split.
        classes: class names of the data set.
        clip_seconds: nominal length of a clip.
        manifest: of the split.
        method: one of `methods()`.
        output: TSV to write.
        scores: JSON of annotators' scores, which `weighted` needs.
        metadata: table with a row for every clip that counts; None: all that are annotated.
        cut: the clips of the manifest are windows of the annotated recordings.
        also: classes whose events are those of another class, too; only for `confidence`.

    Returns:
        How many rows that are.

    Raises:
        SedError: a wrong row, or `weighted` without scores.
    """
    durations = usable_durations(manifest, metadata, cut=cut)
    if method == CONFIDENCE:
        reading = read_cut if cut else read_strong
        found = reading(
            annotations,
            classes=classes,
            clip_seconds=clip_seconds,
            durations=durations,
            confidence=True,
        )
        found = replace(found, table=with_other_names(found.table, also or {}))
    else:
        if method.startswith("weighted") and scores is None:
            raise SedError("weighted labels need the annotators' scores; name them with --scores.")
        known = read_scores(scores) if scores else {}
        found = read_several(
            annotations, classes=classes, durations=durations, method=method, scores=known
        )
    table = found.table[found.table["filename"].isin(list(durations))]
    write_table(output, table)
    return len(table)


def with_other_names(events: pd.DataFrame, also: Mapping[str, str]) -> pd.DataFrame:
    """Events, and behind them, in the order of `also`, those of its classes under another's name.

    So rows of one class may overlap, which `data.overlaps` decides on.

    Example:
        >>> events = pd.DataFrame({"event_label": ["people talking", "car"], "onset": [0.0, 2.0]})
        >>> with_other_names(events, {"people talking": "Speech"}).values.tolist()
        [['people talking', 0.0], ['car', 2.0], ['Speech', 0.0]]
    """
    added = [
        events[events["event_label"] == name].assign(event_label=other)
        for name, other in also.items()
    ]
    return pd.concat([events, *added], ignore_index=True)


def usable_durations(
    manifest: str | Path, metadata: str | Path | None, *, cut: bool = False
) -> dict[str, float]:
    """Seconds of the clips that can be used and that the metadata, if there are any, name.

    With `cut` the clips are windows, and the metadata name their recordings.
    """
    clips = read_manifest(manifest)
    clips = clips[clips["status"] == "ok"]
    if metadata is not None:
        named, names = read_table(metadata, ["filename"])["filename"], clips["filename"]
        clips = clips[in_recordings(names, named) if cut else names.isin(named)]
    return dict(zip(clips["filename"], clips["duration"].astype(float), strict=True))
