"""The golden data's rule for filling a network with weights, from its README."""

import zlib

import numpy as np
import torch
from torch import Tensor, nn

FIXED = ("mel_spec.", "spectrogram_extractor.", "logmel_extractor.")


def noise(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Standard normal float32 values that only depend on the name and the seed."""
    generator = np.random.default_rng(zlib.crc32(name.encode()) + 1000003 * seed)
    return generator.standard_normal(shape, dtype=np.float32)


def filled(key: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """The float32 value of one floating-point entry of a state dict."""
    x = noise(key, shape, seed)
    if len(shape) == 3 and shape[0] == 1:
        return np.float32(0.02) * x
    if len(shape) >= 2:
        return x / np.float32(np.sqrt(np.float64(np.prod(shape[1:]))))
    if key.endswith("running_var"):
        return np.float32(1) + np.float32(0.1) * np.abs(x)
    if key.endswith("weight"):
        return np.float32(1) + np.float32(0.1) * x
    return np.float32(0.1) * x


def fill(network: nn.Module, seed: int) -> nn.Module:
    """Fill every floating-point entry of the network's state dict, in its own precision."""
    state: dict[str, Tensor] = network.state_dict()
    for key, entry in state.items():
        if entry.is_floating_point() and not key.startswith(FIXED):
            value = torch.from_numpy(filled(key, tuple(entry.shape), seed))
            state[key] = value.to(entry.dtype)
    network.load_state_dict(state)
    return network
