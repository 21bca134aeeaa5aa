"""Which clips form a batch: strong, then weak, then unlabelled, in fixed numbers."""

from collections.abc import Iterator, Sequence

import numpy as np

from sed_core.runtime.errors import SedError
from sed_core.runtime.seeding import derive


class BatchIndices:
    """Batches of clip indices for one epoch after another.

    Each part is shuffled anew every epoch and drawn without replacement; an epoch ends when the
    smallest part has no full share left (the 2022 sampler), or after `steps` batches, for which
    a part that runs out is shuffled again. The order is a function of seed and epoch alone.
    """

    def __init__(
        self,
        parts: Sequence[np.ndarray],
        sizes: Sequence[int],
        *,
        seed: int,
        steps: int | None = None,
        names: Sequence[str] = ("strong", "weak", "unlabelled"),
    ) -> None:
        for part, size, name in zip(parts, sizes, names, strict=True):
            if len(part) < size:
                raise SedError(
                    f"the {name} part of a batch needs {size} clips but only {len(part)} are "
                    "present; get more clips or lower training.batch_size."
                )
        self.parts = [np.asarray(part, dtype=np.int64) for part in parts]
        self.sizes = list(sizes)
        self.seed = seed
        self.steps = steps or min(
            len(part) // size for part, size in zip(self.parts, self.sizes, strict=True)
        )
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the current epoch's batches from `start` on, then go back to its beginning."""
        order = self.order(self.epoch)
        start, self.start = self.start, 0
        for batch in order[start:]:
            yield batch.tolist()

    def order(self, epoch: int) -> np.ndarray:
        """All batches of an epoch (steps, sum of sizes)."""
        columns = []
        for number, (part, size) in enumerate(zip(self.parts, self.sizes, strict=True)):
            rounds = -(-self.steps * size // (len(part) // size * size))
            shuffled = [
                np.random.default_rng(derive(self.seed, "order", epoch, number, turn)).permutation(
                    part
                )[: len(part) // size * size]
                for turn in range(rounds)
            ]
            columns.append(np.concatenate(shuffled)[: self.steps * size].reshape(self.steps, size))
        return np.concatenate(columns, axis=1)
