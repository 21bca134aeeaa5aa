"""Data loaders for Lightning: from lists of clip indices to batches on the training device."""

from collections.abc import Iterable

import torch
from torch.utils.data import DataLoader

from sed_core.runtime.errors import SedError
from sed_core.training.batches import BatchIndices
from sed_core.training.losses import BatchLayout
from sed_core.training.mean_teacher import Batch
from sed_core.training.training_data import TrainingData


class _Collate:
    """Turns clip indices into a batch: first clips with strong labels, then with weak ones."""

    def __init__(self, training_data: TrainingData, layout: BatchLayout) -> None:
        self.training_data, self.layout = training_data, layout

    def __call__(self, clips: list[int]) -> Batch:
        index = torch.tensor(clips).to(self.training_data.labels.device, non_blocking=True)
        embeddings = self.training_data.embeddings
        return {
            **({} if embeddings is None else {"embeddings": embeddings.gather(clips)}),
            "waveforms": self.training_data.waveforms(clips),
            "labels": self.training_data.labels[index[self.layout.strong_slice]].float(),
            "weak_labels": self.training_data.weak_labels[index[self.layout.weak_slice]].float(),
        }


def training_loader(training_data: TrainingData, batches: BatchIndices) -> DataLoader:
    """Batches of one epoch. Without worker processes: all audio is in memory already."""
    strong, weak, _ = batches.sizes
    shares = BatchLayout(strong // batches.world_size, weak // batches.world_size)
    return _loader(training_data, batches, shares)


def validation_loader(
    training_data: TrainingData, *, rank: int = 0, world_size: int = 1
) -> DataLoader:
    """Strongly labelled validation clips, then weakly labelled ones, shared between processes.

    Process r of n takes clips r, r + n, r + 2n, …

    Raises:
        SedError: there are fewer clips than processes.
    """
    clips = [*training_data.val_strong.tolist(), *training_data.val_weak.tolist()][rank::world_size]
    if not clips:
        raise SedError(
            f"{world_size} devices cannot share fewer validation clips; lower compute.gpus."
        )
    size = training_data.system.training.batch_size_val
    batches = [clips[at : at + size] for at in range(0, len(clips), size)]
    return _loader(training_data, batches, BatchLayout(0, 0))


def _loader(
    training_data: TrainingData, batches: Iterable[list[int]], layout: BatchLayout
) -> DataLoader:
    return DataLoader(
        range(len(training_data.names)),  # type: ignore[arg-type]  # indices are the data
        batch_sampler=batches,
        collate_fn=_Collate(training_data, layout),
    )
