"""Annotations of one recording by several people, as RealDESED's `annotations_raw.csv` has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sed_core.data.tsv import numbers, read_table, reject

RAW_COLUMNS = ("filename", "onset", "offset", "event_label", "annotator_id")
USUAL = {"annotator_is_creator": "false", "review_status": "unreviewed"}
"""What a table says that lacks one of these columns."""
FRAME_RATE = 25.0
"""Frames a second on which annotators are compared, as in RealDESED's baseline."""
STATUSES = ("accepted", "rejected", "unreviewed")
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True)
class AnnotatedFile:
    """What the annotators of one recording say.

    Attributes:
        annotators: (A,) their names, sorted.
        creators: (A,) whether each made the recording.
        events: onset, offset (s, float64), event_label, annotator (0..A-1), one row an event.
        reviewed: whether the rows are those that a reviewer accepted.
    """

    annotators: list[str]
    creators: NDArray[np.bool_]
    events: pd.DataFrame
    reviewed: bool

    def active(
        self,
        classes: Sequence[str],
        n_frames: int,
        *,
        frame_rate: float = FRAME_RATE,
        start: float = 0.0,
    ) -> NDArray[np.bool_]:
        """(A, C, n_frames) what each annotator hears in the window that begins at `start` seconds.

        A frame is active if its centre lies in [onset, offset). This is RealDESED's rule; 2022's
        (`LabelEncoder`) marks every frame that an event touches.
        """
        first, stop = (
            centre_frame(self.events[column].to_numpy() - start, frame_rate).clip(0, n_frames)
            for column in ("onset", "offset")
        )
        label = pd.Index(classes).get_indexer(pd.Index(self.events["event_label"]))
        heard = np.zeros((len(self.annotators), len(classes), n_frames), bool)
        for row in zip(self.events["annotator"], label, first, stop, strict=True):
            heard[row[0], row[1], row[2] : row[3]] = True
        return heard


def centre_frame(seconds: NDArray[np.float64], frame_rate: float) -> NDArray[np.int64]:
    """Number of the first frame whose centre, (n + 0.5) / frame_rate, is not before each time."""
    return np.ceil(frame_rate * seconds - 0.5).astype(np.int64)


def read_raw_annotations(path: str | Path, *, classes: Sequence[str]) -> pd.DataFrame:
    """Read who heard what, without the rejected rows; repeated rows count once.

    A row whose onset, offset and class are all empty names an annotator who heard nothing.

    Args:
        path: table with `RAW_COLUMNS` and, as RealDESED has them, those of `USUAL`, in any order.
        classes: the class names that may occur.

    Returns:
        filename, onset, offset (s, float64), event_label ("" where nothing was heard),
        annotator_id, is_creator (bool), review_status; indexed by line number.

    Raises:
        SedError: on the first row that is wrong, naming it.
    """
    text = read_table(path, RAW_COLUMNS, optional=tuple(USUAL))
    text = text.assign(**{k: v for k, v in USUAL.items() if k not in text}).drop_duplicates()
    for column in ("filename", "annotator_id"):
        reject(path, text, text[column] == "", f"no {column}; fill it in or delete this row.")
    unknown = ~text["review_status"].isin(STATUSES)
    expected = f"expected one of {', '.join(STATUSES)}, so correct this row."
    reject(path, text, unknown, f"review_status is '{{review_status}}'; {expected}")
    truth = text["annotator_is_creator"].str.lower().map(_TRUTHS)
    complaint = (
        "annotator_is_creator is '{annotator_is_creator}'; expected True or False, so correct it."
    )
    reject(path, text, truth.isna(), complaint)
    nothing = (text[["onset", "offset", "event_label"]] == "").all(axis=1)
    odd = ~nothing & ~text["event_label"].isin(list(classes))
    complaint = (
        f"class is '{{event_label}}'; expected one of {', '.join(classes)}, so correct this row or "
        "add the class to the data set's configuration."
    )
    reject(path, text, odd, complaint)
    onset, offset = numbers(text["onset"]), numbers(text["offset"])
    wrong = ~(np.isfinite(onset) & np.isfinite(offset) & (onset >= 0) & (offset >= onset))
    reject(
        path,
        text,
        ~nothing.to_numpy() & wrong,
        "onset '{onset}' and offset '{offset}'; expected seconds with 0 <= onset <= offset, so "
        "correct this row.",
    )
    table = pd.DataFrame(
        {
            "filename": text["filename"],
            "onset": onset,
            "offset": offset,
            "event_label": text["event_label"],
            "annotator_id": text["annotator_id"],
            "is_creator": truth.astype(bool),
            "review_status": text["review_status"],
        }
    )
    return table[table["review_status"] != "rejected"]


def annotated_files(table: pd.DataFrame, *, reviewed: bool = False) -> Mapping[str, AnnotatedFile]:
    """The recordings with the rows that count, in order of appearance.

    Args:
        table: see `read_raw_annotations`.
        reviewed: take a file's accepted rows, where it has any, instead of its unreviewed ones.

    Returns:
        {filename: its annotators}; files without rows that count are absent.
    """
    files = {}
    for filename, rows in table.groupby("filename", sort=False):
        accepted = rows[rows["review_status"] == "accepted"]
        use_accepted = reviewed and len(accepted) > 0
        chosen = accepted if use_accepted else rows[rows["review_status"] == "unreviewed"]
        if len(chosen):
            files[str(filename)] = _annotated(chosen, reviewed=use_accepted)
    return files


def _annotated(rows: pd.DataFrame, *, reviewed: bool) -> AnnotatedFile:
    creators = rows.groupby("annotator_id")["is_creator"].any()  # sorted by annotator
    heard = rows[rows["event_label"] != ""]
    events = heard[["onset", "offset", "event_label"]].assign(
        annotator=creators.index.get_indexer(pd.Index(heard["annotator_id"]))
    )
    return AnnotatedFile(list(creators.index), creators.to_numpy(bool), events, reviewed)
