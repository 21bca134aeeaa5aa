"""Ways to turn raw posteriors into scores that only need a threshold.

The result is again a score array, so that everything after (metrics, events, curves, intervals)
is what it is for any system.
"""

from collections.abc import Callable, Mapping, Sequence
from inspect import getfullargspec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError
from sed_core.scoring.decode import median_filter
from sed_core.scoring.score_file import Posteriors, masked
from sed_core.scoring.sebbs import boxed

Parameters = Mapping[str, Sequence[Any]]  # per parameter one value a class


def median(
    strong: NDArray[np.float32],
    n_frames: NDArray,
    frame_seconds: float,
    *,
    window: Sequence[int],
) -> NDArray[np.float32]:
    """Median filter; `window` in frames."""
    return median_filter(strong, list(window), n_frames)


def sebbs(
    strong: NDArray[np.float32],
    n_frames: NDArray,
    frame_seconds: float,
    *,
    filter_seconds: Sequence[float],
    absolute: Sequence[float],
    relative: Sequence[float],
) -> NDArray[np.float32]:
    """Bounding boxes by change detection; `filter_seconds` is the length of the step filter."""
    real = np.arange(strong.shape[1]) < np.asarray(n_frames)[:, None]
    half = np.maximum(1, np.rint(np.asarray(filter_seconds) / 2 / frame_seconds)).astype(int)
    return boxed(strong * real[..., None], half_frames=half, absolute=absolute, relative=relative)


METHODS: dict[str, Callable[..., NDArray[np.float32]]] = {"median": median, "sebbs": sebbs}
PARAMETERS = {
    name: (*getfullargspec(method).kwonlyargs, "weak_mask") for name, method in METHODS.items()
}


def postprocess(
    net: Posteriors,
    n_frames: NDArray,
    frame_seconds: float,
    *,
    method: str,
    parameters: Parameters,
) -> NDArray[np.float32]:
    """(N, T, C) post-processed scores of one network.

    Args:
        net: raw posteriors.
        n_frames: (N,) valid frames per clip.
        frame_seconds: length of a frame.
        method: key of `METHODS`.
        parameters: the method's own, and `weak_mask`: where true, no frame of a clip scores
            higher than the clip as a whole does for that class (at every threshold, the clip's
            decision masks those of its frames).

    Raises:
        SedError: an unknown method, or parameters that are not the method's.
    """
    check_parameters(method, parameters)
    own = {name: value for name, value in parameters.items() if name != "weak_mask"}
    scores = METHODS[method](net.strong, n_frames, frame_seconds, **own)
    mask = np.asarray(parameters["weak_mask"], bool)
    return np.where(mask, masked(scores, net.weak), scores).astype(np.float32)


def check_parameters(method: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a method that does not exist and parameters that are not its own."""
    if method not in METHODS:
        raise SedError(f"post-processing method '{method}' is not one of {', '.join(METHODS)}.")
    if set(parameters) != set(PARAMETERS[method]):
        raise SedError(
            f"post-processing by {method} takes {', '.join(PARAMETERS[method])}; "
            f"given are {', '.join(parameters) or 'none'}."
        )
