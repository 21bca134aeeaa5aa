"""Ensembles: the mean of several systems' frame scores."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sed_core.runtime.errors import SedError
from sed_core.scoring.score_file import Posteriors, Scores, read_scores


def mean_scores(paths: Sequence[str | Path]) -> Scores:
    """Average the posteriors of several score files, network by network.

    Files are read one after the other, so memory is that of two.

    Raises:
        SedError: files of other clips, classes, networks or frames.
    """
    total = read_scores(paths[0])
    for path in paths[1:]:
        other = read_scores(path)
        for what in ("filenames", "classes", "frame_seconds"):
            if getattr(other, what) != getattr(total, what):
                raise SedError(f"{paths[0]} and {path} differ in {what}; average scores of a kind.")
        if other.networks.keys() != total.networks.keys() or not np.array_equal(
            other.n_frames, total.n_frames
        ):
            raise SedError(f"{paths[0]} and {path} differ in networks or frames per clip.")
        total = replace(
            total,
            networks={
                name: Posteriors(
                    net.strong + other.networks[name].strong, net.weak + other.networks[name].weak
                )
                for name, net in total.networks.items()
            },
        )
    count = np.float32(len(paths))
    return replace(
        total,
        networks={
            name: Posteriors(net.strong / count, net.weak / count)
            for name, net in total.networks.items()
        },
    )
