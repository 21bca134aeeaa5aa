"""The networks that a configuration can name."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from sed_core.models.crnn import build_crnn

MODELS: dict[str, Callable[[Mapping[str, Any], int], nn.Module]] = {"crnn": build_crnn}
