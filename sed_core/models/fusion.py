"""Late fusion of the CRNN with the embeddings of a pretrained model.

`frame` and `global` are those of DCASE 2022. In `aligned` every frame has its own embedding; the
2023 baseline joins BEATs like that, without the layers that shrink an embedding beforehand.
"""

from typing import cast

import torch
from torch import Tensor, nn

from sed_core.features.precision import full_precision, not_half
from sed_core.models.native.gru import forward_gru, is_native

FUSIONS = ("frame", "global", "aligned")
ENCODER_CELLS = 512
FEW_CELLS = 64


def fusion_layers(
    fusion: str,
    *,
    embedding_size: int,
    n_channels: int,
    encoder_cells: int = ENCODER_CELLS,
    shrink_aligned: bool = True,
) -> dict[str, nn.Module]:
    """The layers that fusion adds to a CRNN, under the reference's state-dict names.

    Args:
        fusion: `frame` (a GRU turns frames into one vector), `global` or `aligned`.
        embedding_size: length of an embedding vector.
        n_channels: channels of the CNN's output.
        encoder_cells: cells of that GRU per direction.
        shrink_aligned: False joins `aligned` embeddings as they are, as in 2023. Hundreds of
            values of unit variance then outweigh the CNN's channels until training has found that.
    """
    if fusion == "aligned":
        if not shrink_aligned:
            return {"cat_tf": nn.Linear(n_channels + embedding_size, n_channels)}
        shrink = nn.Sequential(nn.Linear(embedding_size, n_channels), nn.LayerNorm(n_channels))
        return {"shrink_frames": shrink, "cat_tf": nn.Linear(2 * n_channels, n_channels)}
    layers: dict[str, nn.Module] = {}
    width = embedding_size
    if fusion == "frame":
        layers["frame_embs_encoder"] = nn.GRU(
            embedding_size, encoder_cells, batch_first=True, bidirectional=True
        )
        width = 2 * encoder_cells
    layers["shrink_emb"] = nn.Sequential(nn.Linear(width, n_channels), nn.LayerNorm(n_channels))
    layers["cat_tf"] = nn.Linear(2 * n_channels, n_channels)
    return layers


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


def fuse(model: nn.Module, x: Tensor, embeddings: Tensor) -> Tensor:
    """Mix embeddings into CNN output.

    In `frame` as in `global`, each clip's embedding becomes one vector that is repeated over time:
    2022's frame fusion does not align the two in time. In `aligned`, every frame has its own.

    Args:
        model: holds the modules of `fusion_layers`.
        x: (B, T, C) output of the CNN.
        embeddings: (B, D, T') for `frame`, (B, D) for `global`, (B, D, T) for `aligned`.

    Returns:
        (B, T, C).
    """
    layers = dict(model.named_children())
    if "shrink_emb" not in layers:
        frames = embeddings.transpose(1, 2)
        if "shrink_frames" in layers:
            frames = layers["shrink_frames"](frames)
        return layers["cat_tf"](torch.cat((x, frames), dim=-1))
    vector = embeddings
    if "frame_embs_encoder" in layers:
        vector = last_state(cast(nn.GRU, layers["frame_embs_encoder"]), embeddings)
    vector = layers["shrink_emb"](vector)
    return layers["cat_tf"](torch.cat((x, vector[:, None].expand_as(x)), dim=-1))
