"""Resampled metrics as files: written per seed, averaged over seeds, compared between systems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest_json, read_json, write_json
from sed_core.scoring.bootstrap import bootstrap, interval, weighted_scores
from sed_core.scoring.counts import ClipStatistics
from sed_core.scoring.ground_truth import GroundTruth

LEVEL = 0.95
SEED = 2022  # one for all systems and seeds of training: that makes their differences paired


@dataclass(frozen=True)
class BootstrapScores:
    """What the metrics would have been on other draws of the clips.

    Attributes:
        draws: the ground truth and the random numbers that the draws come from; results pair
            where this is equal.
        observed: metrics on the clips as they are.
        metrics: (R,) per metric, one value a draw; empty without resampling.
    """

    draws: dict[str, Any]
    observed: dict[str, float]
    metrics: dict[str, NDArray[np.float64]]

    def intervals(self) -> dict[str, list[float]]:
        """Percentile interval of each metric."""
        return {name: list(interval(values, LEVEL)) for name, values in self.metrics.items()}

    def write(self, path: str | Path, **named: Any) -> None:
        """Write as JSON; `named` (system, split, ...) is kept beside the numbers."""
        metrics = {name: values.tolist() for name, values in self.metrics.items()}
        content = {"draws": self.draws, "observed": self.observed, "metrics": metrics}
        write_json(path, {**named, **content})


def read_bootstrap(path: str | Path) -> tuple[str, BootstrapScores]:
    """Read what `BootstrapScores.write` wrote: the system's name and the numbers.

    Raises:
        SedError: the file is another one.
    """
    content = read_json(path)
    missing = {"system", "draws", "observed", "metrics"} - set(content)
    if missing:
        raise SedError(f"{path} has no {', '.join(sorted(missing))}; give files *_bootstrap.json.")
    metrics = {name: np.array(values) for name, values in content["metrics"].items()}
    return content["system"], BootstrapScores(content["draws"], content["observed"], metrics)


def bootstrap_system(
    counted: ClipStatistics, truth: GroundTruth, *, n_bootstrap: int
) -> BootstrapScores:
    """Resample the clips of a system's counts; about 25 s for 1,000 draws of 1,168 clips."""
    drawn = bootstrap(counted, n_bootstrap=n_bootstrap, seed=SEED) if n_bootstrap else {}
    return BootstrapScores(
        draws={"truth": _digest(truth), "draws": n_bootstrap, "seed": SEED, "level": LEVEL},
        observed=weighted_scores(counted, np.ones(len(truth.filenames))),
        metrics=drawn,
    )


def mean_of(results: Sequence[BootstrapScores]) -> BootstrapScores:
    """The mean over seeds, draw by draw, since all seeds saw the same draws.

    Raises:
        SedError: they did not.
    """
    same_draws({f"result {number + 1}": result for number, result in enumerate(results)})
    first = results[0]
    return BootstrapScores(
        first.draws,
        {
            name: float(np.mean([result.observed[name] for result in results]))
            for name in first.observed
        },
        {
            name: np.mean([result.metrics[name] for result in results], axis=0)
            for name in first.metrics
        },
    )


def same_draws(results: Mapping[str, BootstrapScores]) -> None:
    """Raise SedError that names the first two results that cannot be paired."""
    (first, reference), *others = results.items()
    for name, result in others:
        if result.draws != reference.draws:
            raise SedError(
                f"{first} and {name} were resampled from other clips, annotations or numbers of "
                "draws, so they do not pair; score both on the same split with one configuration."
            )


def _digest(truth: GroundTruth) -> str:
    events = truth.events
    columns = [events.clip, events.label, events.onset, events.offset]
    names = [truth.filenames, truth.classes, truth.durations.tolist()]
    return digest_json(names + [np.asarray(column).tolist() for column in columns])
