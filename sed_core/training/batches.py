"""Which clips form a batch: strong, then weak, then unlabelled, in fixed numbers."""

from collections.abc import Iterator, Sequence

import numpy as np

from sed_core.config.split_roles import BATCH_PARTS
from sed_core.runtime.errors import SedError
from sed_core.runtime.seeding import derive


class BatchIndices:
    """Batches of clip indices for one epoch after another.

    Each part is shuffled anew every epoch and drawn without replacement; an epoch ends when the
    smallest part has no full share left (the 2022 sampler), or after `steps` batches, for which
    a part that runs out is shuffled again. The order is a function of seed and epoch alone.

    Args:
        parts: clips of the strong part, or of several, of the weak and of the unlabelled part.
        sizes: how many of each form a batch; 0 where a part is absent by choice.
        seed: of the training.
        steps: batches an epoch; None for as many as the smallest part gives.
        rank: of this process among those that share each batch.
        world_size: how many they are; each takes an equal share of every part.

    Attributes:
        names: what each part is, of `BATCH_PARTS`.
        epoch: whose batches the next iteration yields.
        start: how many of them it skips, because they have been seen.

    Raises:
        SedError: a part has fewer clips than a batch takes, or cannot be shared equally.
    """

    def __init__(
        self,
        parts: Sequence[np.ndarray],
        sizes: Sequence[int],
        *,
        seed: int,
        steps: int | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        strong, *others = BATCH_PARTS
        self.names = [strong] * (len(parts) - len(others)) + others
        for name, part, size in zip(self.names, parts, sizes, strict=True):
            if len(part) < size:
                raise SedError(
                    f"the {name} part of a batch needs {size} clips but only {len(part)} are "
                    "present; get more clips or lower training.batch_size."
                )
            if size % world_size:
                raise SedError(
                    f"the {name} part of a batch has {size} clips, which {world_size} devices "
                    "cannot share equally; change compute.gpus or training.batch_size."
                )
        self.parts = [np.asarray(part, dtype=np.int64) for part in parts]
        self.sizes = list(sizes)
        self.seed = seed
        self.steps = steps or min(
            len(part) // size for part, size in zip(self.parts, self.sizes, strict=True) if size
        )
        self.rank, self.world_size = rank, world_size
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the current epoch's batches from `start` on; the next iteration skips none."""
        start, self.start = self.start, 0
        yield from self.order(self.epoch)[start:].tolist()

    def order(self, epoch: int) -> np.ndarray:
        """This process's share of an epoch: (steps, clips of a batch / world_size)."""
        shares = []
        for number, size in enumerate(self.sizes):
            share = size // self.world_size
            mine = slice(self.rank * share, (self.rank + 1) * share)
            shares.append(self._part(epoch, number)[:, mine])
        return np.concatenate(shares, axis=1)

    def _part(self, epoch: int, number: int) -> np.ndarray:
        """(steps, size) clips of one part; only whole shares of a shuffle are used."""
        part, size = self.parts[number], self.sizes[number]
        if not size:
            return np.empty((self.steps, 0), dtype=np.int64)
        usable = len(part) // size * size
        rounds = -(-self.steps * size // usable)
        seeds = [derive(self.seed, "order", epoch, number, turn) for turn in range(rounds)]
        drawn = [np.random.default_rng(seed).permutation(part)[:usable] for seed in seeds]
        return np.concatenate(drawn)[: self.steps * size].reshape(self.steps, size)
