"""Division of the weakly labelled set into training and validation clips."""

from collections.abc import Sequence

import pandas as pd


def weak_split(
    filenames: Sequence[str], *, fraction: float, seed: int
) -> tuple[list[str], list[str]]:
    """Draw the training part of the weak set as the 2022 baseline does.

    The draw is on the whole annotation file, in file order; drop clips that are absent afterwards,
    so that a clip keeps its part when others come or go.

    Args:
        filenames: the annotated clips in file order.
        fraction: share of the training part.
        seed: the training's seed (42 in 2022).

    Returns:
        The drawn clips in the order drawn, and the others in file order.
    """
    names = pd.Series(filenames, dtype=str)
    drawn = names.sample(frac=fraction, random_state=seed)
    return drawn.tolist(), names.drop(drawn.index).tolist()
