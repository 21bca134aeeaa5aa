"""Trained networks on disk: our own file, and the layouts of published checkpoints."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sed_core.features.safe_load import load_strictly, safe_load
from sed_core.models import atst_sed_state
from sed_core.models.crnn import KNOWN
from sed_core.models.crnn_architecture import architecture
from sed_core.models.fdy_state import is_fdy, settings
from sed_core.models.network_registry import build
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic

FORMAT = 2
"""1: files of version 0.1, whose section `net` lacks what follows from the embeddings."""
SECTIONS = ("dataset", "feats", "net", "pretrained", "scaler", "training")
"""Of the configuration inside; what is read of them is a table."""
State = dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """A student, its teacher, and what they were trained with.

    Attributes:
        student: state dict.
        teacher: state dict.
        system: the system's configuration (sections `feats`, `net`, `scaler`, ...).
        scaler: state dict of the scaler; empty unless its statistics are a data set's.
        encoder: state dict of the pretrained network, where it is part of the system.
        teacher_encoder: that of the teacher, where it has its own.
        weights: digest of the pretrained weights whose embeddings it was trained with, if known.
        thresholds: by network and class, those of the best F1 in validation; empty if not known.
        assumed: whether features and scaler are what such files are known to be trained with, as
            this one does not say.
        source: named in complaints.
    """

    student: State
    teacher: State
    system: dict[str, Any]
    scaler: State = field(default_factory=dict)
    encoder: State = field(default_factory=dict)
    teacher_encoder: State = field(default_factory=dict)
    weights: str = ""
    thresholds: dict[str, dict[str, float]] = field(default_factory=dict)
    assumed: bool = False
    source: str = "the checkpoint"

    @property
    def n_classes(self) -> int:
        """Number of classes that the networks tell apart."""
        if classes := self.system.get("dataset", {}).get("classes"):
            return len(classes)
        architecture(self.student, self.source)  # refuses what is none
        return len(self.student["dense.bias"])

    @property
    def net(self) -> dict[str, Any]:
        """Section `net` that rebuilds the networks: the stored one, where it names a model.

        Files of 2022 do not; theirs is a CRNN, and its tensors decide wherever they can.
        """
        told = self.system.get("net", {})
        if "model" in told:
            return {key: value for key, value in told.items() if key != "nclass"}
        return {"model": "crnn", **_known(told), **architecture(self.student, self.source)}

    def networks(self) -> dict[str, nn.Module]:
        """The networks `student` and `teacher`, in evaluation mode, on the CPU.

        Raises:
            SedError: the tensors are not those of the network that the configuration describes.
        """
        make = partial(build, self.net, self.n_classes)
        return {
            "student": load_strictly(make, self.student, f"the student of {self.source}").eval(),
            "teacher": load_strictly(make, self.teacher, f"the teacher of {self.source}").eval(),
        }


def _known(net: Mapping[str, Any]) -> dict[str, Any]:
    # The reference swallows keys that it does not know (and `nclass` is in the tensors).
    return {key: value for key, value in net.items() if key in KNOWN}


def _canonical(state: Mapping[str, Tensor]) -> State:
    """The same tensors give the same bytes, whether they were trained just now or loaded.

    Pickle writes a string that it has met before as a reference, so keys must be one object.
    """
    return {sys.intern(key): value.detach().cpu().clone() for key, value in state.items()}


def save_checkpoint(path: str | Path, checkpoint: Checkpoint) -> None:
    """Write our own file, atomically: tensors, and the system as JSON text."""
    content = {
        "format": FORMAT,
        "student": _canonical(checkpoint.student),
        "teacher": _canonical(checkpoint.teacher),
        "scaler": _canonical(checkpoint.scaler),
        "encoder": _canonical(checkpoint.encoder),
        "teacher_encoder": _canonical(checkpoint.teacher_encoder),
        "system": json.dumps(checkpoint.system, sort_keys=True),
        "weights": checkpoint.weights,
        "thresholds": json.dumps(checkpoint.thresholds, sort_keys=True),
    }
    with (
        atomic(path) as draft,
        draft.open("wb") as stream,
    ):  # torch writes the name of a path inside
        torch.save(content, stream)


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read our own file, or one in the layout of the published checkpoints; nothing in it is run.

    Raises:
        SedError: no file, neither layout, a newer format, a part that is missing or something else,
            or a file that names code.
    """
    content = safe_load(path)
    if isinstance(content, dict) and "format" in content:
        told = content["format"]
        if not isinstance(told, int) or not 1 <= told <= FORMAT:
            raise SedError(
                f"{path} has format {told if isinstance(told, int) else 'unknown'}, this version "
                f"reads up to {FORMAT}; use the version of the program that wrote it."
            )
        system = _system(path, content.get("system"))
        if told == 1:
            system.get("net", {}).pop("model", None)  # always a CRNN
        weights = content.get("weights", "")
        return Checkpoint(
            student=_state(path, "student", content.get("student")),
            teacher=_state(path, "teacher", content.get("teacher")),
            system=system,
            scaler=_state(path, "scaler", content.get("scaler")),
            encoder=_state(path, "encoder", content.get("encoder")),
            teacher_encoder=_state(path, "teacher_encoder", content.get("teacher_encoder", {})),
            weights=weights if isinstance(weights, str) else "",
            thresholds=_thresholds(path, content.get("thresholds", "{}"), system),
            source=str(path),
        )
    if isinstance(content, dict) and "state_dict" in content:
        return _from_lightning(path, content)
    if is_fdy(content):
        state = _state(path, "the network", content)
        system = settings(state, str(path))
        return Checkpoint(state, dict(state), system, assumed=True, source=str(path))
    raise SedError(
        f"{path} is no checkpoint of this program nor of the DCASE 2022 recipe, and no network of "
        "FDY-SED: expected a file with 'state_dict', or one that training has written."
    )


def _from_lightning(path: str | Path, content: Mapping[str, Any]) -> Checkpoint:
    flat = _state(path, "state_dict", content["state_dict"])
    networks = {}
    for name in ("sed_student", "sed_teacher"):
        networks[name] = _below(flat, f"{name}.")
        if content.get(name) is not None:
            networks[name] = _state(path, name, content[name])
        if not networks[name]:
            raise SedError(f"{path} has no network '{name}'; expected a DCASE 2022 checkpoint.")
    student, inside = atst_sed_state.divided(networks["sed_student"])
    teacher, teachers = atst_sed_state.divided(networks["sed_teacher"])
    told = content.get("hyper_parameters")
    system = _sections(path, told) if isinstance(told, dict) else {}
    assumed = bool(inside) and not system.get("feats")
    return Checkpoint(
        student=student,
        teacher=teacher,
        system=atst_sed_state.settings() if assumed else system,
        scaler=_below(flat, "scaler."),
        encoder=inside or _below(flat, "pretrained_model."),
        teacher_encoder=teachers or _below(flat, "teacher_pretrained_model."),
        assumed=assumed,
        source=str(path),
    )


def _state(path: str | Path, key: str, value: Any) -> State:
    """Tensors by name.

    Raises:
        SedError: it is something else.
    """
    found = "is missing" if value is None else f"is a {type(value).__name__}"
    if isinstance(value, Mapping):
        wrong = (v for k, v in value.items() if not (isinstance(k, str) and isinstance(v, Tensor)))
        other = next(wrong, None)
        if other is None:
            return dict(value)
        found = f"holds a {type(other).__name__}"
    raise SedError(
        f"'{key}' in {path} {found}, where a table of tensors by name belongs; expected a file "
        "that training has written."
    )


def _system(path: str | Path, text: Any) -> dict[str, Any]:
    """The configuration inside our own file."""
    try:
        told = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise SedError(
            f"the configuration inside {path} is no JSON object; expected a file that training has "
            "written."
        )
    return _sections(path, told)


def _thresholds(path: str | Path, text: Any, system: Mapping[str, Any]) -> dict[str, Any]:
    """Of each network, by class; for all classes of the system."""
    classes = system.get("dataset", {}).get("classes")
    try:
        told = {
            str(network): {str(name): float(value) for name, value in by_class.items()}
            for network, by_class in json.loads(text).items()
        }
        good = all(set(one) == set(classes) for one in told.values())
    except (TypeError, ValueError, AttributeError, RecursionError):
        good = False
    if not good:
        raise SedError(
            f"the thresholds inside {path} are not numbers by network and class; get the file "
            "again."
        )
    return told


def _sections(path: str | Path, told: dict[str, Any]) -> dict[str, Any]:
    for name in SECTIONS:
        if not isinstance(told.get(name, {}), dict):
            raise SedError(
                f"section '{name}' of the configuration inside {path} is a "
                f"{type(told[name]).__name__}, not a table of keys; get the file again."
            )
    return dict(told)


def _below(state: Mapping[str, Tensor], prefix: str) -> State:
    return {key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)}
