"""The best F1 of seconds in windows with soft labels, which selects a network of 2024, too."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sed_core.scoring.aligned_scores import align
from sed_core.scoring.auroc import segment_score
from sed_core.scoring.events import make_events
from sed_core.scoring.frames import from_padded
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.recording_segments import best_f1
from sed_core.scoring.settings import Settings
from sed_core.training.training_data import TrainingData


def soft_truth(training_data: TrainingData) -> GroundTruth:
    """The events of these clips. Each ends with its last event, as in 2024."""
    clips = training_data.val_soft
    events = training_data.events[training_data.events["clip"].isin(clips)]
    order = {int(clip): row for row, clip in enumerate(clips)}
    classes = list(training_data.encoder.classes)
    return GroundTruth(
        filenames=[training_data.names[clip] for clip in clips],
        durations=events.groupby("clip")["offset"].max().reindex(clips).to_numpy(float),
        classes=classes,
        events=make_events(
            events["clip"].map(order),
            events["event_label"].map(classes.index),
            events["onset"],
            events["offset"],
        ),
    )


def seconds_f1(
    truth: GroundTruth,
    strong: Sequence[NDArray[np.float32]],
    *,
    frame_seconds: float,
    median_window: int | list[int],
) -> float:
    """Mean over the classes that occur of the best F1 of seconds.

    Args:
        truth: of the clips.
        strong: (T, C) posteriors of each clip.
        frame_seconds: length of a frame.
        median_window: of the filter, in frames.
    """
    n_frames = np.array([len(frames) for frames in strong])
    padded = np.zeros((len(strong), int(n_frames.max()), len(truth.classes)), np.float32)
    for row, frames in zip(padded, strong, strict=True):
        row[: len(frames)] = frames
    scores = from_padded(
        padded,
        filenames=truth.filenames,
        classes=truth.classes,
        frame_seconds=frame_seconds,
        n_frames=n_frames,
    )
    settings = Settings(median_window=median_window)
    return segment_score(align(scores, truth), settings, best_f1).value
