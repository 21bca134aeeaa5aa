"""Late fusion of the CRNN with the embeddings of a pretrained model.

`frame` and `global` are those of DCASE 2022. In `aligned` every frame has its own embedding; the
2023 baseline joins BEATs like that, without the layers that shrink an embedding beforehand.
"""

from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from sed_core.features.precision import full_precision, not_half
from sed_core.models.dropout import Dropout
from sed_core.models.dropstep import dropstep
from sed_core.models.native.gru import forward_gru, is_native
from sed_core.models.parts import Fusion, FusionShape

ENCODER_CELLS = 512
FEW_CELLS = 64
# Types of options, as a configuration's values are checked.
Count = int
"""1, 2, …; a plain `int` may be 0, too."""
Share = float
"""0 to 1."""


def by_frames(shape: FusionShape, *, cells: Count = ENCODER_CELLS) -> Fusion:
    """A GRU turns the frames of a clip into one vector, which joins every frame of the CNN.

    2022's frame fusion does not align the two in time.

    Args:
        cells: of the GRU, per direction.
    """
    encoder = nn.GRU(shape.embedding_size, cells, batch_first=True, bidirectional=True)
    return Fusion({"frame_embs_encoder": encoder, **_vector(2 * cells, shape)}, _join_frames)


def by_vector(shape: FusionShape) -> Fusion:
    """The one vector of a clip joins every frame of the CNN."""
    return Fusion(_vector(shape.embedding_size, shape), _join_vector)


def aligned(
    shape: FusionShape, *, shrink: bool = True, dropout: Share = 0.0, hide: int = 0
) -> Fusion:
    """Every frame of the CNN has an embedding of its own.

    Args:
        shrink: False joins embeddings as they are, as in 2023. Hundreds of values of unit variance
            then outweigh the CNN's channels until training has found that.
        dropout: of what is joined (2024: 0.2).
        hide: the dropstep of embeddings, in frames; 0 for none (2024: 16).
    """
    join = partial(_join_aligned, hide=hide)
    dropped: dict[str, nn.Module] = {"dropout_fused": Dropout(dropout)} if dropout else {}
    size, channels = shape.embedding_size, shape.n_channels
    if not shrink:
        return Fusion({"cat_tf": nn.Linear(channels + size, channels), **dropped}, join)
    shrunk = {"shrink_frames": _shrink(size, channels), **dropped}
    return Fusion({**shrunk, "cat_tf": nn.Linear(2 * channels, channels)}, join)


def _vector(size: int, shape: FusionShape) -> dict[str, nn.Module]:
    channels = shape.n_channels
    return {"shrink_emb": _shrink(size, channels), "cat_tf": nn.Linear(2 * channels, channels)}


def _shrink(size: int, n_channels: int) -> nn.Module:
    return nn.Sequential(nn.Linear(size, n_channels), nn.LayerNorm(n_channels))


def last_state(encoder: nn.GRU, embeddings: Tensor) -> Tensor:
    """Output of a bidirectional GRU at the last frame: (B, D, T') -> (B, 2 * cells).

    There the backward direction has seen a single frame, so one step of it is computed, not T';
    cuDNN runs both directions at once and wants all their weights in one piece, so not on a GPU.
    For few cells, on the CPU, the forward direction in C spares torch's many small steps.
    """
    frames = embeddings.transpose(1, 2)
    if frames.is_cuda or torch.compiler.is_exporting():
        with full_precision(frames):
            return encoder(not_half(frames))[0][:, -1]
    weights = cast(list[Tensor], encoder._flat_weights)
    start = frames.new_zeros(len(frames), encoder.hidden_size)
    if encoder.hidden_size <= FEW_CELLS and is_native(frames, encoder):
        forward = forward_gru(frames, encoder)[:, -1]
    else:
        first = start[None]
        train, bidirectional, batch_first = encoder.training, False, True
        options = (True, 1, 0.0, train, bidirectional, batch_first)
        forward = torch.gru(frames, first, weights[:4], *options)[1][0]
    backward = torch.gru_cell(frames[:, -1], start, *weights[4:])
    return torch.cat((forward, backward), dim=-1)


def _join_frames(network: nn.Module, x: Tensor, embeddings: Tensor) -> Tensor:
    """(B, T, C) and (B, D, T') -> (B, T, C)."""
    encoder = cast(nn.GRU, network.get_submodule("frame_embs_encoder"))
    return _join_vector(network, x, last_state(encoder, embeddings))


def _join_vector(network: nn.Module, x: Tensor, vector: Tensor) -> Tensor:
    """(B, T, C) and (B, D) -> (B, T, C)."""
    vector = network.get_submodule("shrink_emb")(vector)
    both = torch.cat((x, vector[:, None].expand_as(x)), dim=-1)
    return network.get_submodule("cat_tf")(both)


def _join_aligned(network: nn.Module, x: Tensor, embeddings: Tensor, *, hide: int = 0) -> Tensor:
    """(B, T, C) and (B, D, T) -> (B, T, C)."""
    frames = embeddings.transpose(1, 2)
    layers = dict(network.named_children())
    if "shrink_frames" in layers:
        frames = layers["shrink_frames"](frames)
    if hide and network.training:
        frames = dropstep(frames, hide)
    both = torch.cat((x, frames), dim=-1)
    if "dropout_fused" in layers:
        both = layers["dropout_fused"](both)
    return layers["cat_tf"](both)
