"""Small networks of the public classes, with what they need to be pretrained on clip labels."""

import math
from abc import ABC, abstractmethod
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.embeddings.ast import AST, N_SPECIAL, N_TIMES, PATCH, STRIDE
from sed_core.features.embeddings.ast_names import to_original
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.panns import (
    CHANNELS,
    FRAME_BLOCK,
    FRAME_POOLING,
    N_MELS,
    PANNs,
)

KEPT_TIMES = 4  # of AST's 101 moments in a training step: many small steps teach most
KEPT_FRAMES = 128  # of PANNs' 1001 frames in a training step
PRIOR = 0.12  # share of the clips that have a label: where the heads begin


class Tagger(nn.Module, ABC):
    """A pretrained network in the making.

    Attributes:
        encoder: the network.
        learning_rate: highest of the schedule.
        nepers: features per neper of power, in which sounds add.
    """

    encoder: Encoder
    learning_rate: float
    nepers: float

    @abstractmethod
    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Features of a batch -> clip logits (B, C) and frame logits (B, T, C)."""

    @abstractmethod
    def public(self) -> dict[str, Any]:
        """Content of a file in the layout of the published one."""


class ASTTagger(Tagger):
    """AST; a training step sees few moments of each clip, drawn at random (after PaSST, 2022)."""

    encoder: AST
    learning_rate = 5e-4
    nepers = 1 / (2 * 4.5689974)

    def __init__(self, n_labels: int) -> None:
        super().__init__()
        self.encoder = AST(width=128, depth=3, hidden=256, n_labels=n_labels)
        for layer in self.encoder.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.02)
                nn.init.zeros_(cast(Tensor, layer.bias))
        for token in (self.encoder.cls_token, self.encoder.dist_token, self.encoder.pos_embed):
            nn.init.normal_(token, std=0.02)
        begin_at_prior(cast(nn.Linear, self.encoder.head[1]))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The same head reads the clip from the extra tokens and each moment from its patches."""
        kept = KEPT_TIMES if self.training else N_TIMES
        x = self._tokens(features, torch.randperm(N_TIMES)[:kept].sort().values)
        for block in self.encoder.blocks:
            x = block(x)
        x = self.encoder.norm(x)
        frames = x[:, N_SPECIAL:].unflatten(1, (-1, kept)).mean(1)
        return self.encoder.head(x[:, :N_SPECIAL].mean(1)), self.encoder.head(frames)

    def _tokens(self, features: Tensor, moments: Tensor) -> Tensor:
        """Input of the first block: the extra tokens, and the patches of these moments alone."""
        net = self.encoder
        extra = torch.cat((net.cls_token, net.dist_token), dim=1)
        windows = features.unfold(1, PATCH, STRIDE)[:, moments].flatten(0, 1)  # of (bands, frames)
        patches = net.patch_embed(windows[:, None]).flatten(2).mT
        patches = patches.unflatten(0, (-1, len(moments))).transpose(1, 2)  # (B, bands, moments, D)
        of_extra, of_patches = net.pos_embed[:, :N_SPECIAL], net.pos_embed[:, N_SPECIAL:]
        patches = patches + of_patches.unflatten(1, (-1, N_TIMES))[:, :, moments]
        return torch.cat(
            ((extra + of_extra).expand(len(features), -1, -1), patches.flatten(1, 2)), 1
        )

    def public(self) -> dict[str, Any]:
        """As in `audioset_10_10_0.4593.pth`."""
        return to_original(self.encoder.state_dict())


class PANNsTagger(Tagger):
    """Cnn14 with an eighth of the channels; its batch norms learn their statistics here."""

    encoder: PANNs
    learning_rate = 1e-3
    nepers = 10 / math.log(10)

    def __init__(self, n_labels: int) -> None:
        super().__init__()
        channels = tuple(number // 8 for number in CHANNELS)
        self.encoder = PANNs(channels=channels)
        self.fc_audioset = nn.Linear(channels[-1], n_labels)
        width = channels[FRAME_BLOCK - 1] * N_MELS // FRAME_POOLING
        self.frame_head = nn.Linear(width, n_labels)
        begin_at_prior(self.fc_audioset)
        begin_at_prior(self.frame_head)

    def train(self, mode: bool = True) -> "PANNsTagger":
        """Unlike in fine-tuning, batch norms are trained too."""
        super().train(mode)
        for layer in self.modules():
            layer.training = mode
        return self

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The clip from the clip embedding, each frame from the frame embedding."""
        if self.training:  # clips come turned at random: any part is as good as another
            features = features[:, :KEPT_FRAMES]
        found = self.encoder.embeddings(features)
        clip = functional.relu(self.encoder.fc1(found["global"]))
        return self.fc_audioset(clip), self.frame_head(found["frame"].transpose(1, 2))

    def public(self) -> dict[str, Any]:
        """As in `Cnn14_16k_mAP=0.438.pth`."""
        labels = {f"fc_audioset.{key}": value for key, value in self.fc_audioset.named_parameters()}
        return {"model": {**self.encoder.state_dict(), **labels}}


def begin_at_prior(head: nn.Linear) -> None:
    """Let a head's posteriors begin near the share of positives (Lin et al., 2017)."""
    nn.init.constant_(head.bias, math.log(PRIOR / (1 - PRIOR)))


TAGGERS: dict[str, type[Tagger]] = {"ast": ASTTagger, "panns": PANNsTagger}
