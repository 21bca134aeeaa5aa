"""Batches as Lightning wants them: index lists in, tensors where the networks are out."""

from collections.abc import Sequence

from torch.utils.data import DataLoader

from sed_core.training.batches import BatchIndices
from sed_core.training.material import Material
from sed_core.training.module import Batch


class _Collate:
    """From clip indices to a batch; the first clips carry strong labels, the next weak ones."""

    def __init__(self, material: Material, n_strong: int, n_weak: int) -> None:
        self.material, self.n_strong, self.n_weak = material, n_strong, n_weak

    def __call__(self, clips: list[int]) -> Batch:
        strong, weak = clips[: self.n_strong], clips[self.n_strong : self.n_strong + self.n_weak]
        return {
            "waveforms": self.material.waveforms(clips),
            "labels": self.material.labels[strong].float(),
            "weak_labels": self.material.weak_labels[weak].float(),
        }


def training_loader(material: Material, batches: BatchIndices) -> DataLoader:
    """One epoch's batches; no workers, because nothing is read or decoded any more."""
    strong, weak, _ = material.system.training.batch_size
    return DataLoader(
        range(len(material.names)),  # type: ignore[arg-type]  # indices are the data
        batch_sampler=batches,
        collate_fn=_Collate(material, strong, weak),
    )


def validation_loader(material: Material) -> DataLoader:
    """Strongly labelled validation clips, then weakly labelled ones."""
    clips = [*material.val_strong.tolist(), *material.val_weak.tolist()]
    size = material.system.training.batch_size_val
    batches: Sequence[list[int]] = [clips[at : at + size] for at in range(0, len(clips), size)]
    return DataLoader(
        range(len(material.names)),  # type: ignore[arg-type]
        batch_sampler=batches,
        collate_fn=_Collate(material, 0, 0),
    )
