"""Audio Spectrogram Transformer (Gong et al., 2021), stride 10 x 10, as DCASE 2022 used it."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sed_core.features.embeddings.ast_names import from_public
from sed_core.features.embeddings.encoder import Encoder
from sed_core.features.embeddings.fbank import SHIFT, WINDOW, fbank, kaldi_filterbank
from sed_core.features.precision import full_precision
from sed_core.runtime.errors import SedError

if TYPE_CHECKING:
    from transformers import ASTModel

N_MELS, N_FRAMES = 128, 1024
PATCH, STRIDE = 16, 10
N_TIMES = (N_FRAMES - PATCH) // STRIDE + 1
N_SPECIAL = 2  # class and distillation token stand before the patches
MEAN, TWO_SIGMA = -4.2677393, 2 * 4.5689974  # of the fbank values of AudioSet
HEAD_WIDTH = 64  # of one attention head


def transformer(*, width: int, depth: int, hidden: int, attention: str = "sdpa") -> "ASTModel":
    """AST's network without weights of its own; `attention` is `sdpa` (fused) or `eager`."""
    try:
        from transformers import ASTConfig, ASTModel  # takes seconds: only where it is needed
    except ModuleNotFoundError as error:
        raise SedError(
            "AST needs the package transformers, which is not installed: pip install transformers."
        ) from error

    config = ASTConfig(
        hidden_size=width,
        num_hidden_layers=depth,
        num_attention_heads=width // HEAD_WIDTH,
        intermediate_size=hidden,
        layer_norm_eps=1e-6,  # as trained; the Hugging Face conversion states 1e-12
        attn_implementation=attention,
    )
    return ASTModel(config)


class AST(Encoder):
    """AST with its front end and its AudioSet head.

    Waveform minus its mean, Kaldi fbank, zeros up to 1024 frames, normalisation, 12 x 101 patches,
    transformer. The network has no more positions: sound beyond 10.255 s would not be heard, so
    clips beyond 10.24 s are refused before anything runs.

    Args:
        width: of a token; 768 in base384.
        depth: transformer blocks.
        hidden: width inside a block's perceptron.
        n_labels: outputs of the head (527 AudioSet classes).
        attention: see `transformer`.
    """

    kinds = ("frame", "aligned", "global", "mean")
    alignable = False  # by frequency first, then by time
    block_list = "net.layers"
    max_seconds = 10.24
    filters: Tensor
    window: Tensor

    def __init__(
        self,
        *,
        width: int = 768,
        depth: int = 12,
        hidden: int = 3072,
        n_labels: int = 527,
        attention: str = "sdpa",
    ) -> None:
        super().__init__()
        self.net = transformer(width=width, depth=depth, hidden=hidden, attention=attention)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_labels))
        self._make_constants()

    def _make_constants(self) -> None:
        window = torch.hann_window(WINDOW, periodic=False)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("filters", kaldi_filterbank(n_mels=N_MELS), persistent=False)

    @classmethod
    def from_state(cls, state: Any, *, attention: str = "sdpa") -> Self:
        """From the original `.pth` or the Hugging Face file; sizes are read off the tensors."""
        tensors = from_public(state)
        depth = sum(key.endswith("mlp.fc1.bias") for key in tensors)
        with torch.device("meta"):  # no time for random weights
            encoder = cls(
                width=tensors["net.layernorm.weight"].shape[0],
                depth=depth,
                hidden=tensors["net.layers.0.mlp.fc1.bias"].shape[0],
                n_labels=tensors["head.1.bias"].shape[0],
                attention=attention,
            )
        encoder.load_state_dict(tensors, assign=True)
        encoder._make_constants()
        return encoder.eval()

    @staticmethod
    def derived(frame: Any) -> dict[str, Any]:
        """`aligned` is the mean over the 12 patches of a moment, `mean` of the two extra tokens."""
        patches = frame[..., N_SPECIAL:]
        return {
            "frame": frame,
            "aligned": patches.reshape(*patches.shape[:2], -1, N_TIMES).mean(2),
            "mean": frame[..., :N_SPECIAL].mean(2),
        }

    @classmethod
    def frame_times(cls, n_samples: int) -> np.ndarray:
        """A patch spans 16 frames of 25 ms at a distance of 10 ms, one every 0.1 s."""
        first = ((PATCH - 1) * SHIFT + WINDOW) / 2 / cls.sample_rate
        return first + np.arange(N_TIMES) * STRIDE * SHIFT / cls.sample_rate

    def features(self, waveforms: Tensor) -> Tensor:
        """(B, S) waveforms -> (B, 1024, 128) network input; always in float32."""
        with full_precision(waveforms):
            centred = waveforms.float() - waveforms.float().mean(-1, keepdim=True)
            energies = fbank(centred, self.filters, self.window)[:, :N_FRAMES]
            energies = functional.pad(energies, (0, 0, 0, N_FRAMES - energies.shape[1]))
            return (energies - MEAN) / TWO_SIGMA

    def tokens(self, features: Tensor) -> Tensor:
        """(B, 1024, 128) -> (B, 2 + 12 * 101, D): class, distillation, patches by frequency."""
        return self.net(features).last_hidden_state

    def forward(self, waveforms: Tensor, kind: str | None = None) -> dict[str, Tensor]:
        """`global` are the logits of the head that came with the weights."""
        found = self.derived(self.tokens(self.features(waveforms)).transpose(1, 2))
        return {**found, "global": self.head(found["mean"])}
