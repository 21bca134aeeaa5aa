"""Two ways from one sampling rate to another, block by block: `kaiser_best` and `soxr_hq`.

`kaiser_best` is what the recipe of 2022 heard: `librosa.resample` was resampy 0.2.2 then (0.3.0 and
later have another filter). It is down to a half at 0.9476 of the lower Nyquist frequency, 7.6 kHz
for 16 kHz clips; networks of 2022 were trained on that. soxr HQ keeps what lies above.
"""

import functools
import math
from collections.abc import Callable
from typing import Protocol

import numpy as np
import soxr
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from sed_core.runtime.errors import SedError

Samples = NDArray[np.float32]

DEFAULT = "kaiser_best"

ZERO_CROSSINGS = 64
ROLLOFF = 0.9475937167399596
BETA = 14.769656459379492
PRECISION = 512
"""Entries of resampy's filter table from one zero crossing to the next."""
BLOCK = 160
"""Outputs that one filter bank makes at least; fewer would be too small for matrix products."""
GROUP = 40
"""Outputs that share their inputs: more multiply more zeros, fewer make slower products."""


class Resampler(Protocol):
    """Takes blocks of a recording, gives the samples that they complete."""

    def resample_chunk(self, block: Samples, last: bool = False) -> Samples:
        """(n,) samples at the old rate to (m,) at the new; `last` also gives what is left."""
        ...


class KaiserBest:
    """resampy 0.2.2's `kaiser_best` to float32 rounding, as products of matrices.

    Outputs repeat their filters every `new / gcd` samples, so a block of outputs is a matrix
    product with the inputs around it, in 0.5 to 0.84 of torchaudio's processor time and 0.9 to 1.7
    times that of soxr HQ (`benchmarks/resample.py`). torchaudio's result is the same from rates
    that are 2, 4, … times as high, given the same window (64 * 0.9476 of its zero crossings), and
    1.5 % away for noise at 44.1 kHz: see `filters`. Memory: the filters (0.3 MB from 44.1 kHz) and
    one block.
    A recording of n samples gives floor(n * new / old), as resampy does.

    Args:
        old: rate of the blocks, Hz.
        new: rate wanted, Hz.
    """

    def __init__(self, old: int, new: int) -> None:
        common = math.gcd(old, new)
        repeats = -(-BLOCK * common // new)
        self.old, self.new = repeats * old // common, repeats * new // common
        self.reach = math.ceil(ZERO_CROSSINGS / min(1.0, new / old)) + 1
        self.groups = filter_groups(self.old, self.new)
        self.waiting: Samples = np.zeros(self.reach, dtype=np.float32)
        self.seen, self.given = 0, 0

    def resample_chunk(self, block: Samples, last: bool = False) -> Samples:
        """(n,) samples at the old rate to those at the new rate that are complete with them."""
        self.seen += len(block)
        blocks = [self.waiting, block]
        if last:
            blocks.append(np.zeros(self.reach + self.old, dtype=np.float32))
        inputs = np.concatenate(blocks)
        count = max(0, (len(inputs) - 2 * self.reach) // self.old)
        found = np.empty((count, self.new), dtype=np.float32)
        column, step = 0, inputs.itemsize
        with _blas().limit(limits=1):  # processes share the cores already
            for start, bank in self.groups:
                length, width = bank.shape
                shape, strides = (count, length), (self.old * step, step)
                rows = np.lib.stride_tricks.as_strided(inputs[start:], shape, strides)
                # BLAS wants rows that do not overlap.
                found[:, column : column + width] = np.ascontiguousarray(rows) @ bank
                column += width
        self.waiting = inputs[count * self.old :]
        outputs = found.reshape(-1)
        if last:
            outputs = outputs[: self.seen * self.new // self.old - self.given]
        self.given += len(outputs)
        return outputs


@functools.cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


@functools.cache
def filter_groups(old: int, new: int) -> list[tuple[int, Samples]]:
    """The filters of `new` outputs in groups, each with the first of the `old` inputs it is for."""
    return [
        (first * old // new, filters(first, min(first + GROUP, new), old, new))
        for first in range(0, new, GROUP)
    ]


def filters(first: int, stop: int, old: int, new: int) -> Samples:
    """The filters of outputs `first` to `stop` of a block, one a column, side by side in time.

    Each is rolloff * sinc(rolloff * u) * Kaiser window(u / 64), scaled by the ratio of the rates.
    resampy steps through its table of u in whole entries, floor(512 * ratio) for each input, and
    adds the exact fraction of the first. From 44.1 kHz that stretches the filter by 0.4 % and
    leaves -75 dB of what lies above the new Nyquist frequency; it is part of what 2022 heard.

    Returns:
        (inputs, stop - first) float32, from the input `reach` before that of output `first` on.
    """
    ratio = min(1.0, new / old)
    step = int(ratio * PRECISION)
    times = np.arange(first, stop) * old / new
    base = np.floor(times).astype(np.int64)
    fraction = (times - base)[None, :]
    reach = math.ceil(ZERO_CROSSINGS / ratio) + 1
    start = first * old // new
    lag = np.arange(start - reach, base[-1] + reach + 1)[:, None] - base[None, :]
    before = fraction * ratio * PRECISION - np.minimum(lag, 0) * step
    after = (1 - fraction) * ratio * PRECISION + (np.maximum(lag, 1) - 1) * step
    position = np.where(lag <= 0, before, after) / PRECISION
    inside = position < ZERO_CROSSINGS
    window = np.i0(BETA * np.sqrt(np.clip(1 - (position / ZERO_CROSSINGS) ** 2, 0, None)))
    taps = ratio * ROLLOFF * np.sinc(ROLLOFF * position) * window / np.i0(BETA) * inside
    return taps.astype(np.float32)


class Unchanged:
    """For recordings that have the wanted rate."""

    def resample_chunk(self, block: Samples, last: bool = False) -> Samples:
        """The block itself."""
        return block


def _soxr_hq(old: int, new: int) -> Resampler:
    return soxr.ResampleStream(old, new, 1, dtype="float32", quality="HQ")


RESAMPLERS: dict[str, Callable[[int, int], Resampler]] = {
    "kaiser_best": KaiserBest,
    "soxr_hq": _soxr_hq,
}


def resampler(name: str, old: int, new: int) -> Resampler:
    """A resampler from rate `old` to rate `new` (Hz), for one recording.

    Raises:
        SedError: there is none of that name.
    """
    if name not in RESAMPLERS:
        raise SedError(f"there is no resampler '{name}'; there is {', '.join(RESAMPLERS)}.")
    return Unchanged() if old == new else RESAMPLERS[name](old, new)
