"""What a search over keys of a system is told, checked before anything is trained."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sed_core.config.jobs import Job
from sed_core.config.systems import merge, systems, trained_part
from sed_core.runtime.errors import SedError, unknown_name


@dataclass(frozen=True)
class SearchJob(Job):
    """What a search is told.

    Attributes:
        system: name of the system.
        trained: content of its system.json.
        override: its entry in `systems`.
        keys: what to try, as in `TrainingSearch`.
        trials: trainings in all.
        seed: of the search.
        training_seed: of every training.
        min_coverage: the least share of each split's clips that must be there.
    """

    what = "a search"
    system: str
    trained: dict[str, Any]
    override: dict[str, Any]
    keys: dict[str, Any]
    trials: int
    seed: int
    training_seed: int
    min_coverage: float

    @classmethod
    def of(
        cls, config: Mapping[str, Any], complete: Mapping[str, Mapping[str, Any]]
    ) -> "SearchJob":
        """Take it from the configuration.

        Args:
            config: the whole, merged and checked.
            complete: its systems, as `systems` gives them.

        Raises:
            SedError: there is no search, no such system, or a value that its key may not have.
        """
        section = config.get("training_search")
        if section is None:
            raise SedError(
                "config: there is no section training_search, which says what to search; "
                "docs/add-a-system.md shows one."
            )
        name = section["system"]
        if name not in complete:
            sentence = unknown_name(name, complete, "system")
            raise SedError(f"config: training_search.system: {sentence}")
        if complete[name]["training"]["start_from"]:
            raise SedError(
                f"config: training_search.system: {name} starts from another system, which no "
                "search trains; give its networks as training.resume_from instead."
            )
        for values in ends(section["keys"]):
            _check(values, name, config)
        return cls(
            system=name,
            trained=trained_part(name, complete[name], config),
            override=config["systems"][name],
            keys=section["keys"],
            trials=section["trials"],
            seed=section.get("seed", 0),
            training_seed=complete[name]["seeds"][0],
            min_coverage=complete[name]["data"]["min_coverage"],
        )


@dataclass(frozen=True)
class Trial:
    """One training of a search.

    Attributes:
        number: from 0, in the order of time.
        values: of the searched keys.
        objective: what selected the network, higher is better (protocol 5.7); where training
            never came to a number, the lowest that there is.
        epoch: of the selected network.
        seconds: that training took, in its last part where it was interrupted.
    """

    number: int
    values: dict[str, Any]
    objective: float
    epoch: int
    seconds: float


def ends(keys: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Least and greatest values, or all choices, of each key alone."""
    for name, told in keys.items():
        if set(told) - {"log"} not in ({"low", "high"}, {"choices"}):
            raise SedError(f"config: training_search.keys.{name}: give low and high, or choices.")
        for value in told.get("choices") or (told["low"], told["high"]):
            yield {name: value}


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by dotted names as a configuration holds them.

    >>> nested({"opt.lr": 0.1, "net.dropout": 0.2})
    {'opt': {'lr': 0.1}, 'net': {'dropout': 0.2}}
    """
    whole: dict[str, Any] = {}
    for name, value in values.items():
        for part in reversed(name.split(".")):
            value = {part: value}
        whole = merge(whole, value)
    return whole


def _check(values: Mapping[str, Any], system: str, config: Mapping[str, Any]) -> None:
    """Refuse what the key may not be, before anything is trained."""
    (name,) = values
    told = config["training_search"]["keys"][name]
    lowest = 0 if told.get("log") else float("-inf")
    if "low" in told and not lowest < told["low"] < told["high"]:
        raise SedError(
            f"config: training_search.keys.{name}: low is {told['low']} and high {told['high']}; "
            "low must be below high, and above 0 where log is true."
        )
    changed = merge(config["systems"][system], nested(values))
    try:
        systems({**config, "systems": {**config["systems"], system: changed}})
    except SedError as error:
        raise SedError(f"config: training_search.keys.{name}: {error}") from None
