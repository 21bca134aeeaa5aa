"""Waveforms where the training runs: on the GPU or in RAM if they fit, else memory-mapped."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from sed_core.data.corpus import Corpus
from sed_core.runtime.memory import available_memory

SHARE = 0.6
"""Part of the free memory that audio may take; the rest is for the networks."""
BLOCK = 256 * 2**20
"""Bytes that are copied at a time."""


class ResidentAudio:
    """All clips of some splits behind one index.

    Memory: 4 bytes a sample (all of DESED 2022 is about 18 GB at 16 kHz) on the device or in RAM,
    or nothing but the pages in use where the clips are memory-mapped.

    Args:
        corpora: 16 kHz files of the splits; clip indices count through them in this order.
        device: where batches are wanted.
        resident: False leaves the device's memory to the networks, where these are large.
        processes: that do the same at the same time, and share the RAM.
    """

    def __init__(
        self,
        corpora: Sequence[Path],
        *,
        device: torch.device,
        resident: bool = True,
        processes: int = 1,
    ) -> None:
        opened = [Corpus.open(path) for path in corpora]
        self.device = device
        self.lengths = np.concatenate([corpus.lengths for corpus in opened])
        self.firsts = np.cumsum([0, *(len(corpus) for corpus in opened)])
        where = device if resident else torch.device("cpu")
        self.samples = place_arrays([_mapped(corpus) for corpus in opened], where, processes)
        self.offsets = [corpus.offsets[:-1] for corpus in opened]

    def __len__(self) -> int:
        return len(self.lengths)

    def gather(
        self, clips: Sequence[int], n_samples: int, starts: Sequence[int] | None = None
    ) -> torch.Tensor:
        """Cut `n_samples` from each clip; shorter clips are zero-padded on the right.

        Args:
            clips: indices through all splits.
            n_samples: length of the cut.
            starts: first sample of the cut in each of these clips; None: 0.

        Returns:
            (B, n_samples) float32, full scale 1, on the device.
        """
        batch = torch.zeros(len(clips), n_samples, device=self.samples[0].device)
        for row, clip in enumerate(clips):  # a slice each: faster than one big index tensor
            split = int(np.searchsorted(self.firsts, clip, side="right")) - 1
            start = 0 if starts is None else int(starts[row])
            begin = int(self.offsets[split][clip - self.firsts[split]]) + start
            length = min(int(self.lengths[clip]) - start, n_samples)
            batch[row, :length] = self.samples[split][begin : begin + length]
        return batch.to(self.device)


def place_arrays(
    arrays: Sequence[np.ndarray], device: torch.device, processes: int = 1
) -> list[torch.Tensor]:
    """Mapped arrays on the device if they fit together, else in RAM, else mapped as they are.

    Args:
        arrays: to place.
        device: where they are wanted.
        processes: that place as much at the same time, each on a GPU of its own or all in RAM.
    """
    n_bytes = sum(array.nbytes for array in arrays)
    mapped = [torch.from_numpy(array) for array in arrays]
    for place in (device, torch.device("cpu")):
        sharing = processes if place.type == "cpu" else 1
        if sharing * n_bytes < SHARE * free_bytes(place):
            return [_copied(tensor, place) for tensor in mapped]
    return mapped


def _copied(mapped: torch.Tensor, device: torch.device) -> torch.Tensor:
    """On the way to a GPU only a block at a time is in RAM."""
    found = torch.empty(mapped.shape, dtype=mapped.dtype, device=device)
    rows = max(1, BLOCK // max(1, mapped[:1].nbytes))
    for begin in range(0, len(mapped), rows):
        found[begin : begin + rows] = mapped[begin : begin + rows]
    return found


def free_bytes(device: torch.device) -> int:
    """Free memory of the device, or of the machine (or job) for the CPU."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return available_memory()


def _mapped(corpus: Corpus) -> np.ndarray:
    """Samples mapped copy-on-write: torch wants writable memory, nothing is ever written."""
    samples = corpus.samples
    assert isinstance(samples, np.memmap)
    return np.memmap(corpus.path, np.float32, "c", offset=samples.offset, shape=samples.shape)
