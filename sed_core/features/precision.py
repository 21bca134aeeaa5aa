"""Where half precision is computed, and float32 inside it for what it would spoil."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

HALF = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}


def half_type(precision: str, device: torch.device) -> torch.dtype | None:
    """Type that `precision` computes in on a device; None is float32.

    Processors without bfloat16 or float16 arithmetic (those without AVX-512, as a rule) would only
    imitate it, six times slower than float32, so there the answer is None.
    """
    dtype = HALF.get(precision)
    if dtype is None or device.type != "cpu" or _computes(dtype):
        return dtype
    return None


def _computes(dtype: torch.dtype) -> bool:
    """Whether torch multiplies matrices of this type on the CPU; asks as its compiler does."""
    name = "bf16" if dtype == torch.bfloat16 else "fp16"
    asked = getattr(torch.ops.mkldnn, f"_is_mkldnn_{name}_supported", None)
    return asked is not None and bool(asked())


def full_precision(x: Tensor) -> AbstractContextManager[None]:
    """A context without autocast, for front ends and recurrences.

    The meta device and exports know none.
    """
    if x.device.type == "meta" or torch.compiler.is_exporting():
        return nullcontext()
    return torch.autocast(x.device.type, enabled=False)


def not_half(x: Tensor) -> Tensor:
    """Half precision becomes float32; float32 and float64 stay."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
