"""Dropout that is cheap on a CPU: it draws a few random bits per value instead of a float.

The distribution is that of `torch.nn.Dropout`, the stream of random numbers is not.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

_BIT = torch.arange(8, dtype=torch.uint8)
DIGITS = 16


def keep_bits(count: int, p: float) -> Tensor:
    """Random bits that are 1 with probability 1 - p, from torch's default CPU generator.

    The probability is rounded to a multiple of 2^-16; few digits, as of 0.5 or 0.25, cost least.

    Returns:
        (ceil(count / 64) * 8,) uint8; value i belongs to bit i % 8 of byte i // 8.
    """
    words = -(-count // 64)
    top = 2**DIGITS
    # 1 - p = 0.b1b2b3… in binary. From the last digit to the first, a fair coin halves the
    # probability so far (and), or halves its distance to 1 (or).
    digits = f"{min(max(round((1.0 - p) * top), 1), top - 1):0{DIGITS}b}".rstrip("0")
    bits = _coins(words)
    for digit in reversed(digits[:-1]):
        coins = _coins(words)
        bits = bits.bitwise_or_(coins) if digit == "1" else bits.bitwise_and_(coins)
    return bits.view(torch.uint8)


def _coins(words: int) -> Tensor:
    return torch.empty(words, dtype=torch.int64).random_(-(2**63), None)


def unpack(bits: Tensor, count: int) -> Tensor:
    """The first `count` bits of `keep_bits` as (count,) bool."""
    return (bits[:, None] >> _BIT).bitwise_and_(1).view(-1)[:count].bool()


def dropout(x: Tensor, p: float) -> Tensor:
    """Set values to zero with probability p and scale the others by 1 / (1 - p).

    Bits are dealt out in the order of memory, which has the channels of (B, C, T, F) innermost. On
    other devices than the CPU this is torch's own dropout.
    """
    if p in (0.0, 1.0) or x.device.type != "cpu":
        return functional.dropout(x, p)
    inner = x.movedim(1, -1) if x.dim() == 4 else x
    keep = unpack(keep_bits(x.numel(), p), x.numel()).view(inner.shape)
    out = inner * (keep.to(x.dtype) / (1.0 - p))
    return out.movedim(-1, 1) if x.dim() == 4 else out


class Dropout(nn.Module):
    """`dropout` while training, else nothing."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) or (B, T, C) -> the same shape."""
        return dropout(x, self.p) if self.training else x
