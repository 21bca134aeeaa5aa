"""From the workflow's configuration to complete, checked systems."""

import copy
import difflib
import math
import re
from collections.abc import Mapping
from typing import Any

import jsonschema

from sed_core.runtime.errors import SedError

TRAINED = ("data", "feats", "scaler", "net", "pretrained", "training", "opt")
"""Sections that decide what training does; a change in them trains anew."""


ENCODER_RATE = 16000
"""Sampling rate in Hz that all pretrained networks were trained at."""

ENCODER_SECONDS = {"ast": 10.24}
"""What the pretrained networks with a fixed window hear of a clip; the others hear all of it."""


def merge(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `override` over `base`, mapping by mapping; lists and scalars are replaced whole."""
    merged = dict(copy.deepcopy(base))
    for key, value in override.items():
        if isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def check(value: Any, schema: Mapping[str, Any], *, where: str) -> None:
    """Validate against a JSON schema.

    Raises:
        SedError: one line that names the place, what is wrong and, for a misspelt key, the
            nearest valid one.
    """
    validator = jsonschema.Draft202012Validator(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    if error is None:
        return
    place = ".".join(str(part) for part in error.absolute_path)
    raise SedError(f"{where}{': ' + place if place else ''}: {_explain(error)}")


def _explain(error: jsonschema.ValidationError) -> str:
    if error.validator != "additionalProperties":
        return f"{error.message}."
    known = sorted(error.schema.get("properties", {}))
    unknown = sorted(set(error.instance) - set(known))
    hints = []
    for key in unknown:
        near = difflib.get_close_matches(key, known, n=1)
        hints.append(f"'{key}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
    return f"unknown key {', '.join(hints)}; valid keys are {', '.join(known)}."


def systems(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Merge each system's overrides into `defaults` and check every result.

    Returns:
        Complete systems by name, in the order of the configuration. One that nobody asks for and
        that is made for another data set is left out (see `unfit`).
    """
    check(config, schema, where="config")
    if config["dataset"] not in config["datasets"]:
        raise SedError(
            f"config: dataset '{config['dataset']}' is not defined; "
            f"`datasets` has {', '.join(config['datasets'])}."
        )
    reference = config["energy"]["reference"]
    named = [("targets", name) for name in config["targets"]]
    named += [("energy.reference", reference)] if reference is not None else []
    for key, name in named:
        if name not in config["systems"]:
            sentence = unknown_name(name, config["systems"], "system")
            raise SedError(f"config: {key}: {sentence}")
    wanted = [name for _, name in named]
    anywhere = {split for dataset in config["datasets"].values() for split in dataset["splits"]}
    complete = {}
    for name, override in config["systems"].items():
        system = merge(config["defaults"], override)
        rule = {"$defs": schema["$defs"], **schema["$defs"]["system"]}
        check(system, rule, where=f"config: systems.{name} (merged with defaults)")
        model = system["pretrained"]["model"]
        if model is not None and model not in config["embeddings"]:
            sentence = unknown_name(model, config["embeddings"], "pretrained network")
            raise SedError(f"config: systems.{name}: pretrained.model: {sentence}")
        for contradiction in _contradictions(system):
            raise SedError(f"config: systems.{name}: {contradiction}.")
        problem = unfit(name, config)
        if problem and (name in wanted or not anywhere.issuperset(used_splits(system))):
            raise SedError(problem)
        if not problem:
            complete[name] = system
    return complete


def _contradictions(system: Mapping[str, Any]) -> list[str]:
    """Keys of a system that are valid alone but do nothing, or fail, together."""
    pretrained, seeds = system["pretrained"], len(system["seeds"])
    wrong = {
        f"one checkpoint is given for {seeds} seeds; give it one seed, or make a system of each "
        "checkpoint": system["checkpoint"] is not None and seeds > 1,
        "pretrained.e2e is true, but pretrained.model names no network": pretrained["e2e"]
        and pretrained["model"] is None,
        "pretrained.freezed is false, but embeddings from files cannot be trained along; set "
        "pretrained.e2e to true": not (pretrained["freezed"] or pretrained["e2e"]),
        "pretrained.mixup is true, but training.mixup is null; set that to soft or hard": (
            pretrained["mixup"] and system["training"]["mixup"] is None
        ),
    }
    return [sentence for sentence, holds in wrong.items() if holds] + _moved_frames(system["net"])


def _moved_frames(net: Mapping[str, Any]) -> list[str]:
    """Convolutions that change the number of frames would shift them against the labels."""
    kernels, wrong = net.get("kernel_size", []), []
    if any(stride != 1 for stride in net.get("stride", [])):
        wrong.append(f"net.stride is {net['stride']}, but only pooling may thin out frames; take 1")
    if "padding" in net and net["padding"] != (halves := [size // 2 for size in kernels]):
        wrong.append(
            f"net.padding is {net['padding']}, but half of each kernel_size, so {halves}, keeps "
            "frames and labels together"
        )
    return wrong


def unfit(name: str, config: Mapping[str, Any]) -> str:
    """Why a system cannot run on the data set, in a sentence; empty if it can."""
    system = merge(config["defaults"], config["systems"][name])
    splits = config["datasets"][config["dataset"]]["splits"]
    for part in used_splits(system):
        if part not in splits:
            return (
                f"config: systems.{name}: data names split '{part}', but data set "
                f"'{config['dataset']}' has {', '.join(splits)}."
            )
    dataset, model = config["datasets"][config["dataset"]], system["pretrained"]["model"]
    rate, seconds = dataset["sample_rate"], dataset["clip_seconds"]
    if seconds > ENCODER_SECONDS.get(str(model), math.inf):
        return (
            f"config: systems.{name}: '{model}' hears {ENCODER_SECONDS[model]} s, but data set "
            f"'{config['dataset']}' has clip_seconds {seconds:g}, of which it would ignore the "
            "rest; take shorter clips or another pretrained network."
        )
    if system["pretrained"]["model"] is not None and rate != ENCODER_RATE:
        return (
            f"config: systems.{name}: pretrained networks hear {ENCODER_RATE} Hz, but data set "
            f"'{config['dataset']}' has sample_rate {rate}; set that to {ENCODER_RATE}, and audio "
            "is resampled to it."
        )
    return ""


def used_splits(system: Mapping[str, Any]) -> list[str]:
    """Every split a system touches, training ones first."""
    data = system["data"]
    evaluated = [split for split in (data["test"], data["eval"]) if split is not None]
    return [*training_splits(system), *evaluated]


def training_splits(system: Mapping[str, Any]) -> list[str]:
    """Splits that training reads; none where a checkpoint is given."""
    data = system["data"]
    if system["checkpoint"] is not None:
        return []
    return [*data["strong"], data["weak"], data["unlabelled"], data["validation"]]


def trained_part(name: str, system: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into `system.json`: the data set's shape and the sections that training obeys."""
    dataset = config["datasets"][config["dataset"]]
    shape = {key: dataset[key] for key in ("classes", "clip_seconds", "sample_rate")}
    sections = {key: system[key] for key in TRAINED}
    return {"name": name, "dataset": {"name": config["dataset"], **shape}, **sections}


def unknown_name(name: str, known: Mapping[str, Any] | list[str], kind: str) -> str:
    """A sentence for a name that does not exist, with the nearest that does."""
    names = list(known)
    near = difflib.get_close_matches(re.sub(r"\W", "", name), names, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"there is no {kind} '{name}'; there is {', '.join(names)}.{hint}"
