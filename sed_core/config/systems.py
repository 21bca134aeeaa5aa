"""From the workflow's configuration to complete, checked systems."""

import copy
import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import jsonschema

from sed_core.config import consistency, encoders, pseudo_labelling
from sed_core.config.data_sections import JUDGING
from sed_core.config.json_schema import schema_of
from sed_core.config.key import keys_of
from sed_core.config.network_sections import NETWORKS, Network
from sed_core.config.split_roles import annotated, misfits, soft_labels, used_splits
from sed_core.config.workflow_sections import Config, SystemSection
from sed_core.runtime.errors import SedError, unknown_name

TRAINED = ("data", "feats", "scaler", "net", "pretrained", "training", "opt", "stitching")
"""Sections that decide what training does; a change in them trains anew."""

_VALIDATOR = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
        "integer",  # to JSON 2048.0 is one too, but not to those who count with it
        lambda _, value: isinstance(value, int) and not isinstance(value, bool),
    ),
)


def merge(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `override` over `base`, mapping by mapping; lists and scalars are replaced whole.

    Example:
        >>> merge({"net": {"dropout": 0.5, "n_RNN_cell": 128}}, {"net": {"dropout": 0.3}})
        {'net': {'dropout': 0.3, 'n_RNN_cell': 128}}
    """
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
    error = jsonschema.exceptions.best_match(_VALIDATOR(schema).iter_errors(value))
    if error is None:
        return
    place = ".".join(str(key) for key in error.absolute_path)
    raise SedError(f"{where}{': ' + place if place else ''}: {_explain(error)}")


def _explain(error: jsonschema.ValidationError) -> str:
    if error.validator == "pattern" and "expected" in error.schema:
        return f"{error.instance!r} does not fit; expected {error.schema['expected']}"
    if error.validator == "type" and error.instance is None:
        return f"there is nothing; expected {_TYPES.get(error.validator_value, 'a value')}."
    if error.validator == "type" and _is_number(error.instance):
        return f"{error.message}; to YAML this is text, so write 0.001, or 1.0e-3 with its point."
    if error.validator != "additionalProperties":
        return f"{error.message}."
    known = sorted(error.schema.get("properties", {}))
    unknown = sorted(set(error.instance) - set(known))
    hints = []
    for key in unknown:
        near = difflib.get_close_matches(key, known, n=1)
        hints.append(f"'{key}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
    return f"unknown key {', '.join(hints)}; valid keys are {', '.join(known)}."


_TYPES = {"object": "keys with values, or {}", "array": "a list, such as [a, b]"}


def _is_number(text: Any) -> bool:
    try:
        return isinstance(text, str) and float(text) == float(text)
    except ValueError:
        return False


def systems(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Merge each system's overrides into `defaults` and check every result.

    Returns:
        Complete systems by name, in the order of the configuration. One that nobody asks for and
        that is made for another data set is left out (see `unfit`).

    Raises:
        SedError: one sentence about the first fault.
    """
    _refuse("", consistency.bad_texts(config))
    check(config, _whole(), where="config")
    if config["dataset"] not in config["datasets"]:
        raise SedError(
            f"config: dataset '{config['dataset']}' is not defined; "
            f"`datasets` has {', '.join(config['datasets'])}."
        )
    dataset = config["datasets"][config["dataset"]]
    _refuse("", consistency.name_faults(config))
    _refuse(f"datasets.{config['dataset']}", consistency.dataset_faults(dataset))
    for name, variant in config["postprocessing"].items():
        _refuse(f"postprocessing.{name}", consistency.tuning_faults(variant, dataset))
    wanted = _wanted(config)
    anywhere = {split for dataset in config["datasets"].values() for split in dataset["splits"]}
    complete = {}
    for name in config["systems"]:
        system = merged(name, config)
        rule = _rule(_network(system.get("net")))
        check(system, rule, where=f"config: systems.{name} (merged with defaults)")
        _check_networks(name, system, config)
        _refuse(f"systems.{name}", consistency.system_faults(system))
        problem = unfit(name, config)
        if problem and (name in wanted or not anywhere.issuperset(used_splits(system))):
            raise SedError(problem)
        if not problem:
            complete[name] = encoders.named(system, config)
    for name in complete:
        _refuse(f"systems.{name}", pseudo_labelling.faults(name, complete))
    return complete


@cache
def _whole() -> dict[str, Any]:
    """The schema of the whole configuration, whose systems are checked when they are complete."""
    schema = schema_of(Config)
    keys, later = schema["properties"], {"type": "object"}
    some = {"defaults": later, "systems": {**keys["systems"], "additionalProperties": later}}
    return {**schema, "properties": {**keys, **some}}


@cache
def _rule(network: str | None) -> dict[str, Any]:
    """The schema of a whole system with a network's keys; any keys where that is not known."""
    schema = schema_of(SystemSection)
    net = schema_of(NETWORKS[network]) if network else schema_of(Network)
    net["additionalProperties"] = network is None
    return {**schema, "properties": {**schema["properties"], "net": net}}


def _network(net: Any) -> str | None:
    """The registered network that a section `net` names, if it does."""
    model = net.get("model") if isinstance(net, Mapping) else None
    return model if isinstance(model, str) and model in NETWORKS else None


def merged(name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A system's overrides over `defaults`.

    Where it has another network than `defaults`, it takes from there only keys that this knows.
    """
    defaults, override = config["defaults"], config["systems"][name]
    network, usual = _network(override.get("net")), _network(defaults.get("net"))
    if network and usual and network != usual:
        known = {one.name for one in keys_of(NETWORKS[network])}
        net = {key: value for key, value in defaults["net"].items() if key in known}
        defaults = {**defaults, "net": net}
    return merge(defaults, override)


def _refuse(place: str, faults: Iterable[str]) -> None:
    for fault in faults:
        end = "" if fault.endswith("?") else "."
        raise SedError(f"config: {place}{': ' if place else ''}{fault}{end}")


def _wanted(config: Mapping[str, Any]) -> set[str]:
    """The systems behind the targets, and the one that energies are compared with."""
    known = [*config["systems"], *config["ensembles"]]
    reference = config["energy"]["reference"]
    if reference is not None and reference not in config["systems"]:
        sentence = unknown_name(reference, config["systems"], "system")
        raise SedError(f"config: energy.reference: {sentence}")
    wanted = {reference}
    for name in config["targets"]:
        if name not in known:
            raise SedError(f"config: targets: {unknown_name(name, known, 'system')}")
        wanted.update(config["ensembles"].get(name, [name]))
    return wanted


def _check_networks(name: str, system: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Refuse networks that nobody registered, or a kind of embedding that one does not give."""
    net = system["net"]["model"]
    if net not in NETWORKS:
        sentence = unknown_name(net, NETWORKS, "network")
        raise SedError(f"config: systems.{name}: net.model: {sentence}")
    first = system["training"]["start_from"]
    others = [other for other in config["systems"] if other != name]
    if first is not None and first not in others:
        sentence = unknown_name(first, others, "other system")
        raise SedError(f"config: systems.{name}: training.start_from: {sentence}")
    for sentence in encoders.faults(system, name, config):
        raise SedError(f"config: {sentence}")


def unfit(name: str, config: Mapping[str, Any]) -> str:
    """Why a system cannot run on the data set, in a sentence; empty if it can."""
    system = encoders.named(merged(name, config), config)
    dataset = config["datasets"][config["dataset"]]
    reasons = [*misfits(system, dataset, config["dataset"])]
    if system["training"]["precision"] == "16-mixed" and config["compute"]["gpus"] == 0:
        reasons.append("training.precision 16-mixed needs a GPU, but compute.gpus is 0")
    return next((f"config: systems.{name}: {reason}." for reason in reasons), "")


def trained_part(name: str, system: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The content of `system.json`: everything that training depends on, and nothing else."""
    dataset = config["datasets"][config["dataset"]]
    shape = {key: dataset[key] for key in ("classes", "clip_seconds", "sample_rate", "resampler")}
    sections = {key: system[key] for key in TRAINED}
    sections["data"] = {key: value for key, value in system["data"].items() if key not in JUDGING}
    sections["data"]["soft_labels"] = soft_labels(system["data"], dataset["splits"], name)
    told = annotated(system["data"], dataset["splits"], dataset["classes"])
    sections["data"]["annotated"] = told
    return {"name": name, "dataset": {"name": config["dataset"], **shape}, **sections}
