"""A bounded search over keys of a system, by the objective that selects networks in validation."""

import logging
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from sed_core.config.system import System
from sed_core.config.systems import merge
from sed_core.config.training_search import SearchJob, Trial, nested
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest_json
from sed_core.runtime.seeding import derive
from sed_core.training.fit import fit
from sed_core.training.selection.objective_registry import OBJECTIVES
from sed_core.training.training_job import TrainingJob


def search(
    job: SearchJob,
    *,
    data: Path,
    checkpoints: Path,
    pseudo_labels: Path | None = None,
    say: Callable[[Trial], None] = lambda trial: None,
) -> list[Trial]:
    """Train until there are `job.trials` trials; those of an earlier run of the same search count.

    A journal keeps every finished trial, and a trial that was interrupted is trained on from its
    last checkpoint. The draws of a trial follow from the seed and the trials before it alone, so
    an interrupted search ends as one in one piece does.

    Args:
        job: what to search.
        data: prepared data.
        checkpoints: folder for journal and checkpoints; those of finished trials are removed.
        pseudo_labels: folder of the labels that other systems made for the searched one.
        say: told of every trial that ends here.

    Raises:
        SedError: values do not go together; the sentence names the trial.
    """
    logging.getLogger("optuna").setLevel(logging.WARNING)
    base = TrainingJob(
        System.from_dict(job.trained),
        data,
        job.training_seed,
        checkpoints,
        pseudo_labels=pseudo_labels,
    )
    told = [base.made_of(), job.keys, job.seed]
    folder = checkpoints / digest_json(told)[:12]
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / "journal.log"))),
        study_name=job.system,
        direction="maximize",
        load_if_exists=True,
    )
    for broken in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(broken.number, state=TrialState.FAIL)
        study.enqueue_trial(broken.params)
    space = {name: distribution(key) for name, key in job.keys.items()}
    trials = _finished(study)
    while (done := len(trials)) < job.trials:
        study.sampler = optuna.samplers.TPESampler(seed=derive(job.seed, "trial", done) % 2**32)
        trial = study.ask(space)
        system = System.from_dict(merge(job.trained, nested(trial.params)))
        training = replace(
            base, system=system, checkpoints=folder / "trainings", min_coverage=job.min_coverage
        )
        begun = time.monotonic()
        try:
            found = fit(training, log_folder=None, on_save=lambda: None).selected
        except SedError as error:
            values = ", ".join(f"{name} {value}" for name, value in trial.params.items())
            raise SedError(f"trial {done} ({values}): {error}") from error
        trial.set_user_attr("epoch", int(found["epoch"]))
        trial.set_user_attr("seconds", time.monotonic() - begun)
        objective = found["objective"]
        lowest = OBJECTIVES[system.training.objective].lowest
        study.tell(trial, objective if math.isfinite(objective) else lowest)
        shutil.rmtree(training.checkpoint.parent, ignore_errors=True)
        trials = _finished(study)
        say(trials[-1])
    return trials


def distribution(key: Mapping[str, Any]) -> BaseDistribution:
    """What a key of the section `training_search` may be, in the library's terms."""
    if "choices" in key:
        return CategoricalDistribution(key["choices"])
    low, high, log = key["low"], key["high"], key.get("log", False)
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=log)
    return FloatDistribution(low, high, log=log)


def _finished(study: optuna.Study) -> list[Trial]:
    trials = study.get_trials(states=[TrialState.COMPLETE])
    return [_trial(number, trial) for number, trial in enumerate(trials)]


def _trial(number: int, trial: FrozenTrial) -> Trial:
    assert trial.value is not None
    told = trial.user_attrs
    return Trial(number, trial.params, trial.value, told["epoch"], told["seconds"])
