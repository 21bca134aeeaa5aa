"""Using a checkpoint that was trained elsewhere as a system's networks."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sed_core.config.system import System
from sed_core.inference.published_atst_sed import check_encoders
from sed_core.inference.published_networks import check_classes, check_inputs
from sed_core.models.checkpoint import Checkpoint
from sed_core.runtime.code_version import code_version, entries_of
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest
from sed_core.runtime.provenance import hardware, packages


def completed(checkpoint: Checkpoint, system: System, *, source: str) -> Checkpoint:
    """Give a checkpoint a whole configuration, with the system's values where it has none.

    Network, features and scaler are the checkpoint's (the 2022 recipe takes them from the YAML
    instead, so that a wrong one spoils the result); the data set is the system's.

    Args:
        checkpoint: ours, or one in the layout of 2022, whose configuration has other keys.
        system: that is to be evaluated with it.
        source: named in complaints.

    Raises:
        SedError: other classes, or in another order, or another sampling rate than the data set's,
            or embeddings that the system does not provide.
    """
    expected = len(system.dataset.classes)
    if checkpoint.n_classes != expected:
        raise SedError(
            f"{source} tells {checkpoint.n_classes} classes apart, data set "
            f"'{system.dataset.name}' has {expected}; take a checkpoint trained on its classes."
        )
    given = checkpoint.system
    if stated := given.get("dataset", {}).get("classes"):
        check_classes(stated, system, source=source)
    rate = given.get("feats", {}).get("sample_rate", system.dataset.sample_rate)
    if rate != system.dataset.sample_rate:
        raise SedError(
            f"{source} was trained at {rate} Hz, data set '{system.dataset.name}' has "
            f"{system.dataset.sample_rate} Hz; take a checkpoint trained at that rate."
        )
    if checkpoint.net.get("use_embeddings") and system.pretrained.model is None:
        raise SedError(
            f"{source} fuses embeddings of a pretrained model; name it in the section "
            f"'pretrained' of system '{system.name}'."
        )
    content = asdict(system)
    for section in ("feats", "scaler"):
        content[section] = _overridden(content[section], given.get(section, {}))
    alike = content["net"]["model"] == checkpoint.net["model"]
    content["net"] = {**(content["net"] if alike else {}), **checkpoint.net}
    precision = given.get("training", {}).get("precision")
    if isinstance(precision, str):  # 2022 has the number 32
        content["training"]["precision"] = precision
    if checkpoint.assumed:  # whose decoding is known, too
        content["training"] = _overridden(content["training"], given["training"])
    return replace(checkpoint, system=content)


def check_agreement(checkpoint: Checkpoint, system: System, *, source: str) -> None:
    """Refuse a system that hears otherwise than files are trained with that do not say how.

    Raises:
        SedError: a key of `feats`, `scaler` or `pretrained` differs, or a class of published
            networks.
    """
    check_encoders(checkpoint, system, source=source)
    check_inputs(checkpoint, system, source=source)
    for section in ("feats", "scaler") if checkpoint.assumed else ():
        stated = asdict(system)[section]
        for key, value in checkpoint.system[section].items():
            if stated.get(key, value) != value:
                raise SedError(
                    f"{source} does not say how its input was made; the published one has "
                    f"{section}.{key}: {json.dumps(value)}, but system '{system.name}' has "
                    f"{json.dumps(stated[key])}; take the published value, or a file that says it."
                )


def provenance(path: Path, system: System, *, seed: int) -> dict[str, object]:
    """Where the networks come from."""
    return {
        "checkpoint": {"file": path.name, "digest": digest(path)},
        "config_hash": system.config_hash,
        "code_version": code_version(
            "workflow_scripts/take_checkpoint.py", entries=entries_of(asdict(system))
        ),
        "seed": seed,
        "packages": packages(),
        "hardware": hardware(),
    }


def _overridden(base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return {key: given.get(key, value) for key, value in base.items()}
