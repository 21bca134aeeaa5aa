"""Whether a system can run on a data set: the roles of its splits, its features, its encoder."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sed_core.config import registries
from sed_core.config.augmentations import augments_encoder
from sed_core.config.network_sections import time_pooling
from sed_core.config.pseudo_labelling import PSEUDO

ENCODER_RATE = 16000
"""Sampling rate in Hz that all pretrained networks were trained at."""

BATCH_PARTS = ("strong", "weak", "unlabelled")
"""Of a batch, in the order of `training.batch_size`."""

JUDGED = ("test", "also_test", "eval")
"""Roles of splits that training does not read."""

Roles = list[tuple[str, str]]


def training_splits(system: Mapping[str, Any]) -> list[str]:
    """Splits that training reads; none where a checkpoint is given."""
    return [split for role, split in roles(system) if role not in JUDGED]


def used_splits(system: Mapping[str, Any]) -> list[str]:
    """Every split a system touches, training ones first."""
    return [split for _, split in roles(system)]


def roles(system: Mapping[str, Any]) -> Roles:
    """(role, split) for every split a system touches, training ones first."""
    data = system["data"]
    trained = [("strong", split) for split in data["strong"]]
    trained += _named(data, "weak", "unlabelled", "validation", "validation_soft")
    judged = [*_named(data, "test"), *(("also_test", split) for split in data.get("also_test", []))]
    judged += _named(data, "eval")
    return [*([] if system["checkpoint"] is not None else trained), *judged]


def soft_labels(data: Mapping[str, Any], splits: Mapping[str, Any], system: str) -> dict[str, str]:
    """How labels between 0 and 1 come about, for the strong splits that train with such.

    Args:
        data: section of a system.
        splits: of the data set.
        system: whose section that is.

    Returns:
        {split: `confidence`, or the aggregation of its annotators, or `pseudo-` and the system
        where others' scores label for it}.
    """
    several = data["aggregation"] + ("_reviewed" if data["reviewed"] else "")
    ways = {"confidence": "confidence", "annotators": several}
    ways["none"] = f"{PSEUDO}{system}"
    found = {split: _soft(splits[split]) for split in data["strong"]}
    return {split: ways[soft] for split, soft in found.items() if soft}


def _soft(split: Mapping[str, Any]) -> str | None:
    return "none" if split["labels"] == "none" else split.get("soft_labels")


def annotated(
    data: Mapping[str, Any], splits: Mapping[str, Any], classes: Sequence[str]
) -> dict[str, list[str]]:
    """The classes that a training split's annotations tell of, in the order of the data set.

    Of unlabelled clips as of others: a split is heard with the classes that it is made for.

    Args:
        data: section of a system.
        splits: of the data set.
        classes: of the data set.

    Returns:
        {split: classes}; {} where all splits tell of all classes.
    """
    used = [*data["strong"], *(split for _, split in _named(data, "weak", "unlabelled"))]
    used += [split for _, split in _named(data, "validation", "validation_soft")]
    told = {split: set(splits[split].get("classes", classes)) for split in used}
    if all(found == set(classes) for found in told.values()):
        return {}
    return {split: [name for name in classes if name in found] for split, found in told.items()}


def _named(data: Mapping[str, Any], *wanted: str) -> Roles:
    return [(role, data[role]) for role in wanted if data.get(role) is not None]


def misfits(system: Mapping[str, Any], dataset: Mapping[str, Any], name: str) -> Iterator[str]:
    """Why a system cannot run on a data set, a sentence for each reason.

    Args:
        system: complete configuration.
        dataset: entry of `datasets`.
        name: of the data set.
    """
    splits = dataset["splits"]
    absent = [split for _, split in roles(system) if split not in splits]
    for split in absent:
        yield f"data names split '{split}', but data set '{name}' has {', '.join(splits)}"
    if not absent:
        yield from _label_faults(roles(system), splits, bool(system["data"]["pseudo_from"]))
        yield from _repeats(roles(system), splits)
    for section in ("scoring", "training"):
        windows, classes = system[section]["median_window"], dataset["classes"]
        if isinstance(windows, list) and len(windows) != len(classes):
            yield (
                f"{section}.median_window has {len(windows)} windows, but data set '{name}' has "
                f"{len(classes)} classes; give one for each class, or one number for all"
            )
    selecting = system["data"]["validation_soft"]
    if selecting in splits and "window_hop" not in splits[selecting]:
        yield (
            f"data.validation_soft is '{selecting}', which has no window_hop, but seconds of "
            "windows are judged there; give it one or name another split"
        )
    for split in [system["data"]["test"], *system["data"]["also_test"]]:
        if split in splits:
            yield from _scoring_faults(system["scoring"], split, splits[split])
    rate, seconds = dataset["sample_rate"], dataset["clip_seconds"]
    model = system["pretrained"]["network"]
    heard = registries.max_seconds(model) if model else math.inf
    if seconds > heard:
        yield (
            f"'{model}' hears {heard:g} s, but data set '{name}' has clip_seconds "
            f"{seconds:g}, of which it would ignore the rest; take shorter clips or another "
            "pretrained network"
        )
    whole = registries.whole_seconds(model) if model else math.inf
    if augments_encoder(system) and seconds > whole:
        yield (
            f"'{model}' hears clips beyond {whole:g} s in pieces, which cannot be augmented, but "
            f"data set '{name}' has clip_seconds {seconds:g}; take shorter clips, or leave out "
            "pretrained.augment and mixup with encoder: true"
        )
    if model is not None and rate != ENCODER_RATE:
        yield (
            f"pretrained networks hear {ENCODER_RATE} Hz, but data set '{name}' has sample_rate "
            f"{rate}; set that to {ENCODER_RATE}, and audio is resampled to it"
        )
    if system["checkpoint"] is None:  # else features and network are the checkpoint's
        yield from _batch_faults(system["data"], system["training"]["batch_size"])
        yield from _part_faults(system["data"], system["training"])
        if not absent:
            yield from _mixture_faults(system, dataset)
        yield from _signal_faults(system, seconds, rate)


def _scoring_faults(
    scoring: Mapping[str, Any], name: str, split: Mapping[str, Any]
) -> Iterator[str]:
    """Groups come from a table of the clips that are scored; seconds are joined of windows."""
    for column in scoring["groups"]:
        if "metadata" not in split:
            yield (
                f"scoring.groups names '{column}', but split '{name}' has no metadata; name its "
                "table or leave the groups out"
            )
        elif "window_hop" in split:
            yield (
                f"scoring.groups names '{column}', but the recordings of split '{name}' are cut "
                "into windows (window_hop), which its metadata do not name; leave the groups out"
            )
    for metric in scoring["further"]:
        if metric.startswith("recording_") and "window_hop" not in split:
            yield (
                f"scoring.further names '{metric}', but split '{name}' has no window_hop, whose "
                "windows it joins; give it one or leave the metric out"
            )


def _label_faults(taken: Roles, splits: Mapping[str, Any], pseudo: bool) -> Iterator[str]:
    needed = {"weak": "weak", "unlabelled": "none", "eval": None}
    learned = [split for role, split in taken if role == "strong"]
    if pseudo and learned and not any(splits[split]["labels"] == "none" for split in learned):
        yield (
            "data.pseudo_from names systems that label, but no split of data.strong has labels: "
            "none; name one there, or no systems"
        )
    for role, split in taken:
        labels, wanted = splits[split]["labels"], needed.get(role, "strong")
        if pseudo and role == "strong" and labels == "none":
            continue
        if wanted is not None and labels != wanted:
            advice = "name another split"
            if wanted == "none":
                advice = "to use its clips without them, add a split of the same folder"
            elif role == "strong" and labels == "none":
                advice = "name another split, or in data.pseudo_from the systems that label it"
            yield (
                f"data.{role} is '{split}', which has labels: {labels}, but labels: {wanted} are "
                f"needed there; {advice}"
            )


def _repeats(taken: Roles, splits: Mapping[str, Any]) -> Iterator[str]:
    """Training clips must not be used for model selection or scoring, nor appear twice.

    The split that is only predicted may be any but the scored one, since energy is kept apart.
    """
    for at, (role, split) in enumerate(taken):
        for other, earlier in taken[:at]:
            if role == "eval" and other != "test":
                continue
            if split == earlier:
                yield (
                    f"data.{role} is '{split}', which data.{other} names too; a split plays one "
                    "part, so name another"
                )
            elif "unlabelled" not in (role, other) and _one_list(splits[split], splits[earlier]):
                yield (
                    f"data.{role} ('{split}') and data.{other} ('{earlier}') have the same "
                    "annotations; take a split of other clips"
                )


def _one_list(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    same = all(one.get(key) == other.get(key) for key in ("audio", "annotations", "metadata"))
    return same and "annotations" in one


def _batch_faults(data: Mapping[str, Any], sizes: Sequence[int]) -> Iterator[str]:
    """A part of a batch is absent in both places or in neither, and something has labels."""
    for part, absent, size in zip(BATCH_PARTS, ("[]", "null", "null"), sizes, strict=True):
        if size and not data[part]:
            yield (
                f"training.batch_size takes {size} {part} clips, but data.{part} names no split; "
                "name one or set that number to 0"
            )
        elif data[part] and not size:
            yield (
                f"training.batch_size takes no {part} clips, but data.{part} names a split; raise "
                f"that number or set data.{part} to {absent}"
            )
    if not any(sizes[:2]):
        yield "training.batch_size has neither strong nor weak clips, so no label would be learned"


def _part_faults(data: Mapping[str, Any], training: Mapping[str, Any]) -> Iterator[str]:
    """The parts of a batch's strong share make it up; those without consistency come first."""
    parts, share = training["strong_parts"], training["batch_size"][0]
    if not parts:
        return
    named = {split for part in parts for split in part["splits"]}
    if named != set(data["strong"]):
        yield (
            f"training.strong_parts names {', '.join(sorted(named))}, but data.strong has "
            f"{', '.join(data['strong']) or 'none'}; name the same splits in both"
        )
    clips = sum(part["clips"] for part in parts)
    if clips != share:
        yield (
            f"training.strong_parts has {clips} clips in all, but training.batch_size takes "
            f"{share} strong ones; make these numbers equal"
        )
    agree = [part.get("consistency", True) for part in parts]
    if sorted(agree) != agree:
        yield (
            "training.strong_parts: a part with consistency: false stands behind one with it; put "
            "it first"
        )


def _mixture_faults(system: Mapping[str, Any], dataset: Mapping[str, Any]) -> Iterator[str]:
    """Strong clips are mixed with their like only."""
    data, parts = system["data"], system["training"]["strong_parts"]
    told = annotated(data, dataset["splits"], dataset["classes"])
    for splits in [part["splits"] for part in parts] or [data["strong"]]:
        if len({tuple(told.get(split, ())) for split in splits}) > 1:
            yield (
                f"{', '.join(splits)} tell of different classes, but would be mixed with each "
                "other; give each a part of its own in training.strong_parts"
            )


def _signal_faults(system: Mapping[str, Any], seconds: float, rate: int) -> Iterator[str]:
    feats = system["feats"]
    if feats["f_max"] > rate / 2:
        yield (
            f"feats.f_max is {feats['f_max']} Hz, but audio of sample_rate {rate} ends at "
            f"{rate / 2:g} Hz; lower it"
        )
    samples, pooled = int(seconds * rate), time_pooling(system["net"])
    if samples <= feats["n_window"] // 2:
        yield (
            f"feats.n_window is {feats['n_window']}, but a clip of {seconds:g} s has only "
            f"{samples} samples; shorten the window or lengthen clip_seconds"
        )
    elif samples // feats["hop_length"] < pooled:
        yield (
            f"network '{system['net']['model']}' makes one frame of {pooled}, but a clip of "
            f"{seconds:g} s has only {samples // feats['hop_length']}; pool less over time or "
            "shorten feats.hop_length"
        )
