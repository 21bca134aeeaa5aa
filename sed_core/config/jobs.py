"""What the jobs behind training are told: one JSON each, as training gets `system.json`.

The rules hand it over as a parameter, so Snakemake scores anew, and trains nothing, when a key of
the section `scoring` changes.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Literal, Self

from sed_core.config.key import FRAMES_BY_CLASS, F1Convention, key, section


@dataclass(frozen=True)
class Scoring:
    """How scores become events and metrics; in a job `f1_convention` is decided."""

    reported: Literal["student", "teacher"] = key("student")
    """The network whose scores the tables show."""
    median_window: int | list[int] = key(7, **FRAMES_BY_CLASS)
    """Of the filter, in frames: one number, or a list with one for each class. An even one
    (ATST-SED) reaches one frame further back than ahead, so events are half a frame late."""
    weak_mask: bool = key(False)
    """true: no frame scores higher than its clip, so at each threshold a class that the clip lacks
    has no event (FDY-SED)."""
    n_thresholds: int = key(50, minimum=1, maximum=10000)
    """Operating points of the dcase2022 scale."""
    eventless_clips: Literal["skip", "score"] = key("skip")
    """skip: clips without any annotated event are not run, as in 2022."""
    f1_convention: F1Convention | None = key(None)
    """dcase2022: a class that is never found leaves the mean of F1; sed_scores_eval: it counts as
    0;
    null: the first where the data set has `published: true`, else the second. Results have both."""
    bootstrap: int = key(1000, minimum=0, maximum=100000)
    """Draws of clips behind the 95 % intervals; 0 = no intervals."""
    further: list[
        Literal[
            "segment_auroc",
            "segment_auroc_0.1",
            "psds2_no_cross_triggers",
            "pi_psds1",
            "pi_psds2",
            "recording_auroc",
            "recording_auroc_0.1",
            "recording_best_f1",
        ]
    ] = key([], uniqueItems=True)
    """More metrics: areas under the ROC curve of seconds, whole or up to a false positive rate of
    0.1; PSDS2 without cross-triggers; PSDS with the best of many median windows at each rate;
    of recordings that were cut, areas and the best F1 of seconds, which they have anyway."""
    groups: list[str] = key([], uniqueItems=True)
    """Columns of the test split's `metadata`; recordings of each value are scored alone, too."""


class Job:
    """What a job is told, and how complaints about it call that (`what`)."""

    what: ClassVar[str]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read the JSON that `as_json` wrote.

        Raises:
            SedError: a key is missing or unknown.
        """
        job: Self = section(cls, json.loads(text), cls.what)
        return job


OF_RECORDINGS = ("recording_auroc", "recording_auroc_0.1", "recording_best_f1")
"""Metrics that a split with a `window_hop` has in any case."""


@dataclass(frozen=True)
class ScoringJob(Job):
    """How the scores of one row of the tables become events and metrics.

    Attributes:
        system: name of the row, in the results.
        dataset: name of the data set, in the results.
        min_coverage: the least share of the split's clips that must be there.
        scoring: the section of the configuration.
        classes: those that are scored; None for all.
    """

    what = "a scoring job"
    system: str
    dataset: str
    min_coverage: float
    scoring: Scoring
    classes: list[str] | None = None

    @classmethod
    def of(
        cls, name: str, system: Mapping[str, Any], config: Mapping[str, Any], split: str = ""
    ) -> "ScoringJob":
        """Take from the configuration what belongs to a row.

        Unless the system names one, the F1 convention is that of the figures it is shown beside:
        that of 2022 where there are published ones. A split is scored on the classes that it tells
        of, and one whose recordings are cut on their seconds, too.

        Args:
            name: of the row.
            system: its complete configuration.
            config: the whole configuration, merged and checked.
            split: that is scored; its classes and windows decide, where it is named.
        """
        dataset = config["datasets"][config["dataset"]]
        usual = "dcase2022" if dataset["published"] else "sed_scores_eval"
        given, told = system["scoring"], dataset["splits"].get(split, {}) if split else {}
        scoring = {**given, "f1_convention": given["f1_convention"] or usual}
        classes = told.get("classes")
        if classes and isinstance(windows := given["median_window"], list):
            places = [dataset["classes"].index(name) for name in classes]
            scoring["median_window"] = [windows[place] for place in places]
        if "window_hop" in told:
            scoring["further"] = list(dict.fromkeys([*given["further"], *OF_RECORDINGS]))
        return cls(
            system=name,
            dataset=config["dataset"],
            min_coverage=system["data"]["min_coverage"],
            scoring=section(Scoring, scoring, "section 'scoring'"),
            classes=classes,
        )

    @classmethod
    def read(cls, text: str) -> Self:
        """Read the JSON that `as_json` wrote; `scoring` becomes a `Scoring`."""
        job = super().read(text)
        scoring: Any = job.scoring
        return replace(job, scoring=section(Scoring, scoring, "section 'scoring'"))


@dataclass(frozen=True)
class DecodingJob(Job):
    """How the scores of one row become events; a change of other keys detects nothing anew.

    Attributes:
        median_window, n_thresholds, weak_mask: as in `Scoring`.
    """

    what = "a decoding job"
    median_window: int | list[int]
    n_thresholds: int
    weak_mask: bool = False

    @classmethod
    def of(cls, system: Mapping[str, Any]) -> "DecodingJob":
        """Take it from the complete configuration of a row."""
        given = system["scoring"]
        return cls(given["median_window"], given["n_thresholds"], given["weak_mask"])


@dataclass(frozen=True)
class TuningJob(Job):
    """What a variant of the post-processing is chosen by.

    Attributes:
        split: name of the split to tune on.
        method: `median` or `sebbs`.
        objective: the metric that is made best, `psds1` or `psds2`.
        grid: values to try for each parameter of the method.
        network: whose scores are tuned, `student` or `teacher`.
        eventless_clips: as in `Scoring`.
    """

    what = "a tuning job"
    split: str
    method: str
    objective: str
    grid: dict[str, Any]
    network: str
    eventless_clips: str

    @classmethod
    def of(cls, variant: Mapping[str, Any], system: Mapping[str, Any]) -> "TuningJob":
        """Take a variant's entry in `postprocessing`, and how its system is scored."""
        return cls(
            split=variant["tune_on"],
            method=variant["method"],
            objective=variant["objective"],
            grid=variant["grid"],
            network=system["scoring"]["reported"],
            eventless_clips=system["scoring"]["eventless_clips"],
        )


def as_json(job: Job) -> str:
    """One line of JSON; equal jobs give equal text."""
    told: Any = job
    return json.dumps(asdict(told), sort_keys=True)
