"""The block of a vision transformer (Dosovitskiy et al., 2021): of AST and of ATST-Frame."""

from torch import Tensor, nn
from torch.nn import functional

HEAD_WIDTH = 64
EPSILON = 1e-6


class Block(nn.Module):
    """Attention and perceptron, each of what is normalised before and added after.

    Args:
        width: of a token, a multiple of 64, which is the width of an attention head.
        hidden: width inside the perceptron.
        bias: whether queries, keys and values have one.
    """

    def __init__(self, width: int, hidden: int, *, bias: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, EPSILON), nn.LayerNorm(width, EPSILON)
        attention = {
            "qkv": nn.Linear(width, 3 * width, bias=bias),
            "proj": nn.Linear(width, width),
        }
        perceptron = {"fc1": nn.Linear(width, hidden), "fc2": nn.Linear(hidden, width)}
        self.attn, self.mlp = nn.ModuleDict(attention), nn.ModuleDict(perceptron)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, D) -> (B, L, D)."""
        parts = self.attn["qkv"](self.norm1(x)).unflatten(-1, (3, -1, HEAD_WIDTH))
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        heard = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.attn["proj"](heard.transpose(1, 2).flatten(2))
        return x + self.mlp["fc2"](functional.gelu(self.mlp["fc1"](self.norm2(x))))
