"""Batches as Lightning wants them: index lists in, tensors where the networks are out."""

from collections.abc import Iterable

import torch
from torch.utils.data import DataLoader

from sed_core.runtime.errors import SedError
from sed_core.training.batches import BatchIndices
from sed_core.training.losses import Parts
from sed_core.training.material import Material
from sed_core.training.module import Batch


class _Collate:
    """From clip indices to a batch; the first clips carry strong labels, the next weak ones."""

    def __init__(self, material: Material, parts: Parts) -> None:
        self.material, self.parts = material, parts

    def __call__(self, clips: list[int]) -> Batch:
        index = torch.tensor(clips).to(self.material.labels.device, non_blocking=True)
        embeddings = self.material.embeddings
        return {
            **({} if embeddings is None else {"embeddings": embeddings.gather(clips)}),
            "waveforms": self.material.waveforms(clips),
            "labels": self.material.labels[index[self.parts.strong_slice]].float(),
            "weak_labels": self.material.weak_labels[index[self.parts.weak_slice]].float(),
        }


def training_loader(material: Material, batches: BatchIndices) -> DataLoader:
    """One epoch's batches; no workers, because nothing is read or decoded any more."""
    strong, weak, _ = batches.sizes
    shares = Parts(strong // batches.world_size, weak // batches.world_size)
    return _loader(material, batches, shares)


def validation_loader(material: Material, *, rank: int = 0, world_size: int = 1) -> DataLoader:
    """Strongly labelled validation clips, then weakly labelled ones; every process its share.

    Process r of n takes clips r, r + n, r + 2n, …

    Raises:
        SedError: there are fewer clips than processes.
    """
    clips = [*material.val_strong.tolist(), *material.val_weak.tolist()][rank::world_size]
    if not clips:
        raise SedError(
            f"{world_size} devices cannot share fewer validation clips; lower compute.gpus."
        )
    size = material.system.training.batch_size_val
    batches = [clips[at : at + size] for at in range(0, len(clips), size)]
    return _loader(material, batches, Parts(0, 0))


def _loader(material: Material, batches: Iterable[list[int]], parts: Parts) -> DataLoader:
    return DataLoader(
        range(len(material.names)),  # type: ignore[arg-type]  # indices are the data
        batch_sampler=batches,
        collate_fn=_Collate(material, parts),
    )
