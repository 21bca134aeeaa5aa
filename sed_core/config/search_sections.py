"""Section `training_search`: the keys of a system that are searched."""

from dataclasses import dataclass
from typing import Any

from sed_core.config.key import SEED, Rules, key

SECTIONS = ("feats", "scaler", "net", "training", "opt")
"""Where searched keys may lie: none of them changes which files training reads."""


@dataclass(frozen=True)
class SearchedKey:
    """What one key may be: a range or some values."""

    low: float = key(optional=True)
    """Least value; with `high`. Where both are whole numbers, only whole numbers are tried."""
    high: float = key(optional=True)
    """Greatest value."""
    log: bool = key(optional=True)
    """true: equal ratios are equally likely, as is usual for learning rates."""
    choices: list[Any] = key(optional=True, minItems=1)
    """Values to try instead of a range."""


NAMED: Rules = {
    "pattern": rf"^({'|'.join(SECTIONS)})(\.[A-Za-z_]+)+$",
    "expected": f"a key of {', '.join(SECTIONS)}, written with its section, such as opt.lr.",
}


@dataclass(frozen=True)
class TrainingSearch:
    """What `snakemake tune_training` searches."""

    system: str = key()
    """System whose keys are searched."""
    trials: int = key(minimum=1)
    """Trainings in all; a larger number later goes on from those that are there."""
    seed: int = key(optional=True, **SEED)
    """Of the search; all trainings have the system's first seed."""
    keys: dict[str, SearchedKey] = key(minProperties=1, propertyNames=NAMED)
    """What to try for each key, by its name with its section, such as `opt.lr`."""
