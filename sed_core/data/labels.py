"""Strong and weak labels on the frame grid of a network's output, as in the 2022 baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sed_core.config.system import System
from sed_core.runtime.errors import SedError

CROP_DECIMALS = 3  # a crop moves the labels by its start in whole milliseconds


@dataclass(frozen=True, kw_only=True)
class FrameGrid:
    """Output frames of a network: `hop_length` samples a mel frame, `pooling` mel frames a frame.

    A centred STFT gives 1 + samples // hop_length mel frames; convolutions keep their number
    (`config.consistency` refuses others), and poolings leave whole windows, which is the same as
    one pooling by their product. Labels, embeddings and scores all lie on this grid.

    Example:
        >>> grid = FrameGrid(sample_rate=16000, hop_length=256, pooling=4, clip_seconds=10)
        >>> grid.n_frames, grid.frame_seconds
        (156, 0.064)
    """

    sample_rate: int
    hop_length: int
    pooling: int
    clip_seconds: float

    @classmethod
    def of(cls, system: System) -> "FrameGrid":
        """The output frames of a system's networks."""
        return cls(
            sample_rate=system.dataset.sample_rate,
            hop_length=system.feats.hop_length,
            pooling=system.pooling,
            clip_seconds=system.dataset.clip_seconds,
        )

    @property
    def n_samples(self) -> int:
        """Samples of a full clip; rounded, as 4.1 * 16000 is a little less than 65600."""
        return round(self.clip_seconds * self.sample_rate)

    @property
    def n_frames(self) -> int:
        """Output frames of a full clip. The last may reach beyond its end or not quite to it."""
        return (1 + self.n_samples // self.hop_length) // self.pooling

    @property
    def frame_samples(self) -> int:
        """Length of one output frame in samples."""
        return self.hop_length * self.pooling

    @property
    def frame_seconds(self) -> float:
        """Length of one output frame in seconds."""
        return self.pooling / (self.sample_rate / self.hop_length)

    @property
    def centres(self) -> NDArray[np.float64]:
        """(n_frames,) middle of each output frame in seconds."""
        return (np.arange(self.n_frames, dtype=np.float64) + 0.5) * self.frame_seconds

    def position(self, seconds: ArrayLike) -> NDArray[np.float64]:
        """Times in seconds as fractional frames within 0..n_frames.

        The divisions stay apart and in this order: a time on a frame border is rounded
        differently otherwise, and lands in another frame than in the 2022 baseline.
        """
        times = np.asarray(seconds, dtype=np.float64)
        frames = times * self.sample_rate / self.hop_length / self.pooling
        return np.clip(frames, 0, self.n_frames)

    def seconds(self, frames: ArrayLike) -> NDArray[np.float64]:
        """Start times of frames in seconds, within the clip."""
        index = np.asarray(frames, dtype=np.float64)
        times = index * self.pooling / (self.sample_rate / self.hop_length)
        return np.clip(times, 0, self.clip_seconds)


def clean_events(
    events: pd.DataFrame, *, clip_seconds: float, start: float | NDArray[np.float64] = 0.0
) -> pd.DataFrame:
    """Move events into the crop of their clip and drop what has no extent there.

    Args:
        events: filename, onset, offset (s), event_label; one row an event.
        clip_seconds: length of the crop.
        start: start of the crop in seconds, one number or one a row.

    Returns:
        The same columns, times within 0..clip_seconds, onset < offset, no duplicates.
    """
    shift = np.round(start, CROP_DECIMALS)
    moved = events.assign(
        onset=(events["onset"] - shift).clip(0, clip_seconds),
        offset=(events["offset"] - shift).clip(0, clip_seconds),
    )
    moved = moved[moved["onset"] < moved["offset"]]
    return moved.drop_duplicates(keep="last", ignore_index=True)


def _positions(names: "pd.Series[str]", known: Sequence[str]) -> NDArray[np.intp]:
    """Place of each name in `known`, -1 where it is not there."""
    return pd.Index(known).get_indexer(pd.Index(names))


@dataclass(frozen=True)
class LabelEncoder:
    """Turns annotation tables into target arrays; `classes` gives the order of the class axis.

    Where soft labels of a class overlap, a frame has the highest confidence or, with `overlaps`
    last, that of the later row.
    """

    classes: Sequence[str]
    grid: FrameGrid
    overlaps: str = "highest"

    def encode(self, events: pd.DataFrame) -> NDArray[np.float32]:
        """Events of one clip as they are (columns onset, offset, event_label) to (C, T) of 0 and 1.

        An event fills the frames from floor(onset) up to, and without, ceil(offset).

        Example:
            >>> grid = FrameGrid(sample_rate=16000, hop_length=256, pooling=4, clip_seconds=0.5)
            >>> events = pd.DataFrame({"onset": [0.1], "offset": [0.2], "event_label": ["Dog"]})
            >>> LabelEncoder(["Cat", "Dog"], grid).encode(events)
            array([[0., 0., 0., 0., 0., 0., 0., 0.],
                   [0., 1., 1., 1., 0., 0., 0., 0.]], dtype=float32)
        """
        clip = np.zeros(len(events), dtype=np.int64)
        return self._fill(clip, events, n_clips=1)[0].astype(np.float32)

    def encode_split(
        self,
        events: pd.DataFrame,
        filenames: Sequence[str],
        *,
        start: NDArray[np.float64] | None = None,
    ) -> NDArray[Any]:
        """Cleaned events of many clips to one dense array.

        Args:
            events: filename, onset, offset (s), event_label; clips not in `filenames` are left
                out, and so are rows without an event (empty label). With a column `confidence`
                (0..1) a frame has that of an event that touches it.
            filenames: clips in the order of the result.
            start: crop start of each clip in `filenames`, seconds; none means 0.

        Returns:
            (N, C, T) uint8 array of 0 and 1, or float32 of confidences; a clip without events is
            all zeros. Beside the result this needs 8 bytes for each frame that is not 0.
        """
        position = _positions(events["filename"], filenames)
        known = (position >= 0) & events["event_label"].notna().to_numpy()
        table = events.loc[known]
        shift = 0.0 if start is None else np.asarray(start)[position[known]]
        table = clean_events(table, clip_seconds=self.grid.clip_seconds, start=shift)
        clip = _positions(table["filename"], filenames)
        return self._fill(clip, table, n_clips=len(filenames))

    def encode_weak_split(self, table: pd.DataFrame, filenames: Sequence[str]) -> NDArray[np.uint8]:
        """Comma lists of many clips (filename, event_labels) to a (N, C) array of 0 and 1."""
        labels = table["event_labels"].fillna("").str.split(",")
        rows = pd.DataFrame({"filename": table["filename"], "event_label": labels})
        rows = rows.explode("event_label")
        rows = rows[rows["event_label"] != ""]
        clip = _positions(rows["filename"], filenames)
        label = self._labels(rows["event_label"])
        targets = np.zeros((len(filenames), len(self.classes)), dtype=np.uint8)
        targets[clip[clip >= 0], label[clip >= 0]] = 1
        return targets

    def _labels(self, names: pd.Series) -> NDArray[np.intp]:
        label = _positions(names, self.classes)
        if (label < 0).any():
            unknown = ", ".join(sorted(set(names[label < 0].astype(str))))
            raise SedError(
                f"labels hold classes that the data set does not name ({unknown}); "
                f"expected {', '.join(self.classes)}."
            )
        return label

    def _fill(self, clip: NDArray[np.int64], events: pd.DataFrame, *, n_clips: int) -> NDArray[Any]:
        """Set the frames of every event at once, through the flat indices of all active frames."""
        n_classes, n_frames = len(self.classes), self.grid.n_frames
        first = np.floor(self.grid.position(events["onset"])).astype(np.int64)
        stop = np.ceil(self.grid.position(events["offset"])).astype(np.int64)
        length = np.maximum(stop - first, 0)
        begin = (clip * n_classes + self._labels(events["event_label"])) * n_frames + first
        before = np.cumsum(length) - length  # active frames of all earlier events
        active = np.repeat(begin - before, length) + np.arange(length.sum())
        soft = "confidence" in events
        targets = np.zeros(n_clips * n_classes * n_frames, np.float32 if soft else np.uint8)
        if soft:
            confidence = np.repeat(events["confidence"].to_numpy(), length)
            if self.overlaps == "last":
                targets[active] = confidence  # of equal places, NumPy keeps the last
            else:
                np.maximum.at(targets, active, confidence)
        else:
            targets[active] = 1
        return targets.reshape(n_clips, n_classes, n_frames)
