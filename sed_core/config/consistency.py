"""Faults of a configuration that its schema cannot express: values that contradict each other.

The schema checks the type and range of each key. Every function here yields one sentence for each
fault; the caller adds where it is.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sed_core.config import augmentations, registries
from sed_core.config.embedding_kinds import FUSIONS
from sed_core.config.entries import entry_faults
from sed_core.config.network_sections import NETWORKS, CnnAndGru, EncoderHead

FOLDERS = ("data", "plots", "tables")
"""Folders of the results that are not those of a system."""
BLOCKS = ("nb_filters", "kernel_size", "stride", "padding", "pooling")


def bad_texts(value: Any, place: str = "") -> Iterator[str]:
    """NaN and infinity, keys that are not text, and texts with invisible characters.

    Such texts become file names, cells of tables and words of a command. Notes, which are read by
    people only, may be folded over lines.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            inside = f"{place}.{key}" if place else str(key)
            if not isinstance(key, str):
                yield f"{place}: the key {key!r} is not text; put it in quotes"
            else:
                yield from _invisible(key, f"the key {key!r}" + (f" of {place}" if place else ""))
                yield from () if key == "note" else bad_texts(item, inside)
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            yield from bad_texts(item, f"{place}.{at}")
    elif isinstance(value, str):
        yield from _invisible(value, f"{place}: {value!r}")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{place}: {value} is not a finite number; give one"


def _invisible(text: str, named: str) -> Iterator[str]:
    if any(not char.isprintable() for char in text):
        yield f"{named} holds a tab, a line end or another invisible character; take it out"
    elif text != text.strip():
        yield f"{named} begins or ends with a space; take it out"


def name_faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Names that would share a folder of results, also on file systems that ignore case."""
    groups = {
        "systems": [*config["systems"], *config["ensembles"]],
        "postprocessing": config["postprocessing"],
    }
    for section, names in groups.items():
        seen: dict[str, str] = {}
        for name in names:
            if section == "systems" and name.casefold() in FOLDERS:
                yield (
                    f"{name} would share its folder with the {name.casefold()} of the results; "
                    "give this system or ensemble another name"
                )
            first = seen.setdefault(name.casefold(), name)
            if first != name:
                yield (
                    f"{section}: {first} and {name} differ in case only, and some file systems "
                    "keep no such difference; rename one"
                )


def dataset_faults(dataset: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a data set's classes and splits."""
    for name in dataset["classes"]:
        if "," in name or name.startswith("-") or name.casefold() == "nan":
            yield (
                f"class {name!r} cannot be told apart in lists and tables; use a name without "
                "commas that does not begin with '-' and is not 'nan'"
            )
    splits, source = dataset["splits"], dataset["source"]
    if source == "synthesis" and "seed" not in dataset:
        yield "source is synthesis, which needs a seed; add one, such as `seed: 2022`"
    for name, split in splits.items():
        if source == "synthesis" and "synthesis" not in split:
            yield f"splits.{name} does not say what to synthesise; add its `synthesis`"
        if "annotations" not in split and (split["labels"] != "none" or source == "synthesis"):
            yield f"splits.{name} has labels: {split['labels']} but no annotations; name its TSV"
        if "soft_labels" in split and split["labels"] != "strong":
            yield f"splits.{name} has soft_labels, but labels: {split['labels']}; they need strong"
        yield from _window_faults(f"splits.{name}", split, dataset)
        if "metadata" in split and "annotations" not in split:
            yield f"splits.{name} has metadata, but no annotations; name its table"
        base = name.removesuffix("_scoring").removesuffix("_durations")
        if name == "training" or (base != name and base in splits):
            yield f"splits.{name} has the name of another result's files; rename this split"


def _window_faults(
    place: str, split: Mapping[str, Any], dataset: Mapping[str, Any]
) -> Iterator[str]:
    """Windows have strong labels of one table and leave nothing out; further classes exist."""
    hop, seconds, soft = split.get("window_hop"), dataset["clip_seconds"], split.get("soft_labels")
    if hop is not None and (split["labels"] != "strong" or soft == "annotators"):
        yield (
            f"{place} has a window_hop, which needs labels: strong from one table; take it out or "
            "label the recordings so"
        )
    if hop is not None and hop > seconds:
        yield (
            f"{place} has window_hop {hop:g}, but windows of clip_seconds {seconds:g} would leave "
            "parts of recordings unheard; lower it"
        )
    if hop is not None and hop % 1:
        yield f"{place} has window_hop {hop:g}, but seconds are scored; give whole seconds"
    also = split.get("also")
    if also and soft != "confidence":
        yield f"{place} has also, which needs soft_labels: confidence; add that or take it out"
    for name in [one for pair in (also or {}).items() for one in pair]:
        if name not in dataset["classes"]:
            yield f"{place}.also names '{name}', which is no class of the data set; correct it"


def tuning_faults(variant: Mapping[str, Any], dataset: Mapping[str, Any]) -> Iterator[str]:
    """What keeps an entry of `postprocessing` from being tuned on a data set."""
    asked, splits = variant["tune_on"], dataset["splits"]
    if asked != "validation":
        strong = [name for name, split in splits.items() if split["labels"] == "strong"]
        if asked not in strong:
            yield (
                f"tune_on is '{asked}', but it must be 'validation' or a strongly labelled split: "
                f"{', '.join(strong)}"
            )


def system_faults(system: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a system whatever the data set."""
    training, pretrained = system["training"], system["pretrained"]
    given, seeds = system["checkpoint"] is not None, len(system["seeds"])
    wrong = {
        f"one checkpoint is given for {seeds} seeds; give it one seed, or make a system of each "
        "checkpoint": given and seeds > 1,
        "a checkpoint is given, so nothing is trained and training.resume_from does nothing; "
        "remove one of the two": given and training["resume_from"] is not None,
        "training.start_from names a system to start from, and training.resume_from a file; remove "
        "one of the two": None not in (training["start_from"], training["resume_from"]),
        "pretrained.e2e is true, but pretrained.model names no network": pretrained["e2e"]
        and pretrained["model"] is None,
        "pretrained.freezed is false, but embeddings from files cannot be trained along; set "
        "pretrained.e2e to true": not (pretrained["freezed"] or pretrained["e2e"]),
        "opt.encoder_lr and opt.encoder_decay are of a pretrained network that is trained along; "
        "set pretrained.e2e to true and pretrained.freezed to false, or leave them out": (
            (system["opt"]["encoder_lr"] is not None or system["opt"]["encoder_decay"] != 1)
            and (pretrained["freezed"] or not pretrained["e2e"])
        ),
        "pretrained.own_teacher is of a network that is trained along; set pretrained.e2e to true "
        "and pretrained.freezed to false, or leave it out": (
            pretrained["own_teacher"] and (pretrained["freezed"] or not pretrained["e2e"])
        ),
        "pretrained.mixup is true, but training.mixup is null; set that to soft or hard": (
            pretrained["mixup"] and training["mixup"] is None
        ),
        "data.windows is per_second, but the windows would all be of the clip's beginning; set "
        "data.crop to random": (
            system["data"]["windows"] == "per_second" and system["data"]["crop"] == "start"
        ),
        f"training.validation_interval is {training['validation_interval']}, but there are only "
        f"{training['n_epochs']} epochs, so no network would be selected; lower it": (
            not given and training["validation_interval"] > training["n_epochs"]
        ),
    }
    yield from (sentence for sentence, holds in wrong.items() if holds)
    scaler = system["scaler"]
    stretched = (scaler["statistic"], scaler["normtype"]) == ("instance", "minmax")
    if scaler["min_range_db"] is not None and not stretched:
        yield (
            f"scaler.min_range_db is {scaler['min_range_db']:g}, but only statistic instance with "
            "normtype minmax stretches a range; set it to null"
        )
    low, high = scaler["range"]
    if not (low < high and (stretched or [low, high] == [0, 1])):
        yield (
            f"scaler.range is [{low:g}, {high:g}]; expected [lowest, highest], other than [0, 1] "
            "with statistic instance and normtype minmax only"
        )
    if 0 in scaler["dims"] and scaler["statistic"] == "dataset":
        yield (
            "scaler.dims has 0, the batch, but statistic dataset is taken over all clips anyway; "
            "take 0 out"
        )
    if given:
        return  # which brings its own features and network
    yield from augmentations.faults(system)
    yield from _schedule_faults(system["opt"]["schedule"], training)
    yield from _feature_faults(system["feats"])
    if issubclass(NETWORKS[system["net"]["model"]], CnnAndGru):
        yield from _network_faults(system["net"], system["feats"]["n_mels"])
    if issubclass(NETWORKS[system["net"]["model"]], EncoderHead):
        yield from entry_faults("net.head", system["net"]["head"], registries.HEADS, "HEADS")
        if pretrained["model"] is None or FUSIONS[pretrained["kind"]] != "aligned":
            yield (
                "network 'encoder_head' is a head on the frames of a pretrained network; set "
                "pretrained.model, and pretrained.kind to aligned, pool1d or interpolate"
            )


def _schedule_faults(schedule: Mapping[str, Any], training: Mapping[str, Any]) -> Iterator[str]:
    """A rate that falls must have risen, and there must be epochs left for it."""
    falls = schedule.get("anneal_from")
    warmup, epochs = training["n_epochs_warmup"], training["n_epochs"]
    if isinstance(falls, int) and not warmup <= falls < epochs:
        yield (
            f"opt.schedule: anneal_from is {falls}, but the warm-up lasts {warmup} and the "
            f"training {epochs} epochs; choose an epoch between"
        )


def _feature_faults(feats: Mapping[str, Any]) -> Iterator[str]:
    bins = feats["n_window"] // 2 + 1
    if feats["hop_length"] > feats["n_window"]:
        yield (
            f"feats.hop_length is {feats['hop_length']}, longer than feats.n_window "
            f"({feats['n_window']}), so samples would never be heard; lower it"
        )
    if feats["n_mels"] > bins:
        yield (
            f"feats.n_mels is {feats['n_mels']}, but a window of {feats['n_window']} samples has "
            f"only {bins} frequencies; lower it or lengthen feats.n_window"
        )
    if feats["f_min"] >= feats["f_max"]:
        yield f"feats.f_min ({feats['f_min']} Hz) must be below feats.f_max ({feats['f_max']} Hz)"


def _network_faults(net: Mapping[str, Any], n_mels: int) -> Iterator[str]:
    """Registered parts; the CNN pools frames and does no more to their number; one band is left."""
    for part, file in (("head", registries.HEADS), ("fusion", registries.FUSIONS)):
        if part in net:
            yield from entry_faults(f"net.{part}", net[part], file, f"{part.upper()}S")
    lengths = {key: len(net[key]) for key in BLOCKS if key in net}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{key} {length}" for key, length in lengths.items())
        yield f"net: lists need an entry for each block of the CNN, but lengths are unequal: {told}"
        return
    if net.get("n_in_channel", 1) != 1:
        yield f"net.n_in_channel is {net['n_in_channel']}, but features have one channel; set 1"
    sides, steps, edges = (net.get(key, []) for key in ("kernel_size", "stride", "padding"))
    for side in sides:
        if side % 2 == 0:
            yield f"net.kernel_size has {side}; kernels must be odd for frames to keep their place"
    for side, step, edge in zip(sides, steps, edges, strict=True):
        if side % 2 and (step != 1 or edge != side // 2):
            yield (
                f"net: a kernel of {side} with stride {step} and padding {edge} changes the number "
                f"of frames, which only net.pooling may; use stride 1 and padding {side // 2}"
            )
    left = n_mels
    for _, over_bands in net["pooling"]:
        left //= over_bands
    if left != 1:
        yield (
            f"net.pooling leaves {left or 'none'} of {n_mels} bands, but exactly one must remain; "
            "change its second numbers or feats.n_mels"
        )
    if net.get("dropout_recurrent") and net.get("rnn_layers") == 1:
        yield (
            "net.dropout_recurrent works between layers, but net.rnn_layers is 1; set one of the "
            "two otherwise"
        )
