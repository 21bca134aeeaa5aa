"""What sed_scores_eval, psds_eval and sed_eval say of files: the values that ours are held to."""

from pathlib import Path

import dcase_util
import numpy as np
import pandas as pd
import psds_eval
import sed_eval
from sed_scores_eval import collar_based, intersection_based, segment_based
from sed_scores_eval.base_modules.io import (
    lazy_sed_scores_loader,
    read_audio_durations,
    read_ground_truth_events,
)

from sed_core.scoring.scenarios import SCENARIOS


def of_sed_scores_eval(scores, truth: Path, durations: Path) -> dict:
    """{metric: (value over classes, {class: value})}; `scores` is a folder or a dict of tables."""
    if isinstance(scores, Path):
        loaded = lazy_sed_scores_loader(scores)
        scores = {name: loaded[name] for name in loaded.keys()}  # noqa: SIM118
    lengths = read_audio_durations(durations)
    events = {name: [] for name in lengths} | read_ground_truth_events(truth)
    values = {}
    for name, scenario in SCENARIOS.items():
        value, single, *_ = intersection_based.psds(
            scores,
            events,
            lengths,
            dtc_threshold=scenario.dtc,
            gtc_threshold=scenario.gtc,
            cttc_threshold=scenario.cttc,
            alpha_ct=scenario.alpha_ct,
            alpha_st=scenario.alpha_st,
            max_efpr=scenario.max_efpr,
        )
        values[name] = (value, single)
    half = {"dtc_threshold": 0.5, "gtc_threshold": 0.5}
    collars = {"onset_collar": 0.2, "offset_collar": 0.2, "offset_collar_rate": 0.2}
    for name, (f1, *_) in {
        "intersection_f1": intersection_based.fscore(scores, events, 0.5, **half),
        "collar_f1": collar_based.fscore(scores, events, 0.5, **collars),
        "segment_f1": segment_based.fscore(scores, events, lengths, 0.5, segment_length=1.0),
    }.items():
        single = {key: value for key, value in f1.items() if not key.endswith("average")}
        values[name] = (f1["macro_average"], single)
    return values


def of_psds_eval(tables: list[pd.DataFrame], truth: Path, durations: Path) -> dict:
    """{scenario: (value, class mean)} of operating points."""
    events, lengths = (pd.read_csv(path, sep="\t") for path in (truth, durations))
    values = {}
    for name, scenario in SCENARIOS.items():
        judge = psds_eval.PSDSEval(
            ground_truth=events,
            metadata=lengths,
            dtc_threshold=scenario.dtc,
            gtc_threshold=scenario.gtc,
            cttc_threshold=scenario.cttc or 0.3,
        )
        for number, table in enumerate(tables):
            judge.add_operating_point(table, info={"name": str(number)})
        options = {"alpha_ct": scenario.alpha_ct, "max_efpr": scenario.max_efpr}
        values[name] = tuple(
            judge.psds(alpha_st=weight, **options).value for weight in (scenario.alpha_st, 0.0)
        )
    return values


def of_sed_eval(table: pd.DataFrame, truth: Path, durations: Path) -> tuple[float, dict]:
    """(macro, {class: value}) of the collar F1 of one table of events."""
    events = pd.read_csv(truth, sep="\t")
    judge = sed_eval.sound_event.EventBasedMetrics(
        sorted(set(events.event_label)),
        t_collar=0.2,
        percentage_of_length=0.2,
        event_matching_type="optimal",
    )
    for name in pd.read_csv(durations, sep="\t").filename:
        lists = [
            dcase_util.containers.MetaDataContainer(rows[rows.filename == name].to_dict("records"))
            for rows in (events, table)
        ]
        judge.evaluate(*lists)
    parts = judge.results_class_wise_metrics()
    single = {label: part["f_measure"]["f_measure"] for label, part in parts.items()}
    return float(np.mean(np.nan_to_num(list(single.values())))), single
