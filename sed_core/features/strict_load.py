"""Building a network around tensors of foreign origin."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from sed_core.features.safe_load import reason
from sed_core.runtime.errors import SedError

Network = TypeVar("Network", bound=nn.Module)


def load_strictly(build: Callable[[], Network], state: Mapping[str, Tensor], what: str) -> Network:
    """A network with these tensors; nothing is allocated before names and shapes are right.

    Raises:
        SedError: they are not, or what `build` was told makes no network.
    """
    try:
        with torch.device("meta"):
            wanted = build().state_dict()
        if wrong := sorted(wanted.keys() ^ state.keys()):
            key = wrong[0]
            raise SedError(
                f"{what} is not the network that it is read as: '{key}' is "
                f"{'missing' if key in wanted else 'not one of its tensors'}; get the file again."
            )
        for key, tensor in state.items():
            if tensor.shape != wanted[key].shape:
                raise SedError(
                    f"{what} does not fit together: '{key}' has the shape {tuple(tensor.shape)} "
                    f"instead of {tuple(wanted[key].shape)}; get the file again."
                )
        network = build()
        network.load_state_dict(dict(state))
        return network
    except SedError:
        raise
    except Exception as error:  # a foreign configuration may cause any
        raise SedError(f"{what} cannot be built ({reason(error)}); get the file again.") from error
