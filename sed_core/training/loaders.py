"""Data loaders for Lightning: from lists of clip indices to batches on the training device."""

import torch
from torch.utils.data import DataLoader

from sed_core.inference.windows import Window
from sed_core.training.batches import BatchIndices
from sed_core.training.losses import BatchLayout
from sed_core.training.mean_teacher import Batch
from sed_core.training.training_data import TrainingData
from sed_core.training.validation_windows import ValidationWindows


class _Collate:
    """Turns windows into a batch: first those with strong labels, then those with weak ones."""

    def __init__(self, training_data: TrainingData, layout: BatchLayout) -> None:
        self.training_data, self.layout = training_data, layout

    def __call__(self, windows: list[int]) -> Batch:
        device = self.training_data.labels.device
        index = torch.tensor(windows).to(device, non_blocking=True)
        clips = self.training_data.recordings[windows]
        tagged = torch.from_numpy(clips[self.layout.weak_slice]).to(device, non_blocking=True)
        return {
            **known(
                self.training_data, clips.tolist(), self.training_data.starts[windows].tolist()
            ),
            "waveforms": self.training_data.waveforms(windows),
            "labels": self.training_data.labels[index[self.layout.strong_slice]].float(),
            "weak_labels": self.training_data.weak_labels[tagged].float(),
        }


def known(
    training_data: TrainingData, clips: list[int], starts: list[int]
) -> dict[str, torch.Tensor]:
    """What there is beside the waveforms of windows: embeddings, classes that labels tell of."""
    embeddings, told = training_data.embeddings, training_data.annotated
    found = {} if embeddings is None else {"embeddings": embeddings.gather(clips, starts)}
    if told is not None:
        found["classes"] = told[torch.tensor(clips).to(told.device, non_blocking=True)]
    return found


def training_loader(training_data: TrainingData, batches: BatchIndices) -> DataLoader:
    """Batches of one epoch. Without worker processes: all audio is in memory already."""
    shares = BatchLayout.of(training_data.system, batches.world_size)
    return DataLoader(
        range(len(training_data.recordings)),  # type: ignore[arg-type]  # indices are the data
        batch_sampler=batches,
        collate_fn=_Collate(training_data, shares),
    )


def validation_loader(training_data: TrainingData, share: ValidationWindows) -> DataLoader:
    """Windows of the validation clips of one process, in their order."""
    size = training_data.system.training.batch_size_val
    places = range(len(share.windows))
    batches = [list(places[at : at + size]) for at in places[::size]]

    def collate(windows: list[Window]) -> Batch:
        clips = [share.clips[window.recording] for window in windows]
        starts = [window.start for window in windows]
        return {
            **known(training_data, clips, starts),
            "waveforms": training_data.audio.gather(clips, training_data.n_samples, starts),
        }

    return DataLoader(share.windows, batch_sampler=batches, collate_fn=collate)  # type: ignore[arg-type]
