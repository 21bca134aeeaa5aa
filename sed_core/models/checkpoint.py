"""Trained networks on disk: our own file, and the layout of the published 2022 checkpoints."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from sed_core.features.logmel import MelSpectrogram
from sed_core.features.untrusted import read_untrusted
from sed_core.models.crnn import CHOICES, NET_KEYS
from sed_core.models.registry import MODELS
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import atomic

FORMAT = 1
LIGHTNING_VERSION = "1.5.1"
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
        weights: digest of the pretrained weights whose embeddings it was trained with, if known.
    """

    student: State
    teacher: State
    system: dict[str, Any]
    scaler: State = field(default_factory=dict)
    encoder: State = field(default_factory=dict)
    weights: str = ""

    @property
    def n_classes(self) -> int:
        """Number of classes that the networks tell apart."""
        return len(self.student["dense.bias"])

    @property
    def net(self) -> dict[str, Any]:
        """Section `net` that rebuilds the networks: the tensors decide wherever they can."""
        return {**_known(self.system.get("net", {})), **architecture(self.student)}

    def networks(self) -> dict[str, nn.Module]:
        """The networks `student` and `teacher`, in evaluation mode, on the CPU."""
        built = {}
        for name, state in (("student", self.student), ("teacher", self.teacher)):
            network = MODELS["crnn"](self.net, self.n_classes)
            try:
                network.load_state_dict(state)
            except RuntimeError as error:
                raise SedError(f"the checkpoint's {name} is not a CRNN: {error}") from error
            built[name] = network.eval()
        return built


def architecture(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The keys of section `net` that a CRNN's tensors give away.

    Strides, pooling and dropout leave no trace in the tensors.
    """
    blocks = sum(re.fullmatch(r"cnn\.cnn\.conv\d+\.weight", key) is not None for key in state)
    kernels = [state[f"cnn.cnn.conv{i}.weight"] for i in range(blocks)]
    recurrent = [key for key in state if re.fullmatch(r"rnn\.rnn\.weight_hh_l\d+", key)]
    if not kernels or not recurrent or "dense.bias" not in state:
        raise SedError("the checkpoint does not hold a CRNN (no cnn, rnn or dense tensors).")
    net: dict[str, Any] = {
        "n_in_channel": kernels[0].shape[1],
        "nb_filters": [len(kernel) for kernel in kernels],
        "kernel_size": [kernel.shape[-1] for kernel in kernels],
        "n_RNN_cell": state[recurrent[0]].shape[1],
        "rnn_layers": len(recurrent),
        "attention": "dense_softmax.weight" in state,
        "use_embeddings": "cat_tf.weight" in state,
    }
    if "frame_embs_encoder.weight_ih_l0" in state:
        net["embedding_type"] = "frame"
        net["embedding_size"] = state["frame_embs_encoder.weight_ih_l0"].shape[1]
        net["frame_emb_enc_dim"] = state["frame_embs_encoder.weight_hh_l0"].shape[1]
    elif "shrink_emb.0.weight" in state:
        net["embedding_type"] = "global"
        net["embedding_size"] = state["shrink_emb.0.weight"].shape[1]
    elif "shrink_frames.0.weight" in state:
        net["embedding_type"], net["shrink_aligned"] = "aligned", True
        net["embedding_size"] = state["shrink_frames.0.weight"].shape[1]
    elif "cat_tf.weight" in state:
        net["embedding_type"], net["shrink_aligned"] = "aligned", False
        net["embedding_size"] = state["cat_tf.weight"].shape[1] - net["nb_filters"][-1]
    return net


def _known(net: Mapping[str, Any]) -> dict[str, Any]:
    # The reference swallows keys that it does not know (and `nclass` is in the tensors).
    return {key: value for key, value in net.items() if key in NET_KEYS or key in CHOICES}


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
        "system": json.dumps(checkpoint.system, sort_keys=True),
        "weights": checkpoint.weights,
    }
    with atomic(path) as part, part.open("wb") as stream:  # torch writes the name of a path inside
        torch.save(content, stream)


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read our own file, or one in the layout of the published checkpoints; nothing in it is run.

    Raises:
        SedError: no file, neither layout, a newer format, or a file that names code.
    """
    content = read_untrusted(path)
    if isinstance(content, dict) and "format" in content:
        if content["format"] != FORMAT:
            raise SedError(
                f"{path} has format {content['format']}, this version reads {FORMAT}; "
                "use the version of the program that wrote it."
            )
        return Checkpoint(
            student=content["student"],
            teacher=content["teacher"],
            system=json.loads(content["system"]),
            scaler=content["scaler"],
            encoder=content["encoder"],
            weights=content.get("weights", ""),
        )
    if isinstance(content, dict) and "state_dict" in content:
        return _from_lightning(path, content)
    raise SedError(
        f"{path} is no checkpoint of this program nor of the DCASE 2022 recipe: "
        "expected a file with 'state_dict', or one that training has written."
    )


def _from_lightning(path: str | Path, content: Mapping[str, Any]) -> Checkpoint:
    flat = content["state_dict"]
    networks = {}
    for name in ("sed_student", "sed_teacher"):
        networks[name] = content.get(name) or _below(flat, f"{name}.")
        if not networks[name]:
            raise SedError(f"{path} has no network '{name}'; expected a DCASE 2022 checkpoint.")
    system = content.get("hyper_parameters")
    return Checkpoint(
        student=dict(networks["sed_student"]),
        teacher=dict(networks["sed_teacher"]),
        system=dict(system) if isinstance(system, dict) else {},
        scaler=_below(flat, "scaler."),
        encoder=_below(flat, "pretrained_model."),
    )


def _below(state: Mapping[str, Tensor], prefix: str) -> State:
    return {key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)}


def save_lightning(
    path: str | Path, checkpoint: Checkpoint, *, epoch: int = 0, global_step: int = 0
) -> None:
    """Write the layout of the published checkpoints, which the original recipe loads strictly."""
    system = json.loads(json.dumps(checkpoint.system))
    system["net"] = {**checkpoint.net, "nclass": checkpoint.n_classes}
    feats = system.get("feats", {})
    options = {key: feats[key] for key in ("n_mels", "f_min", "f_max") if key in feats}
    window = feats.get("n_window", 2048)
    mel = MelSpectrogram(
        sample_rate=feats.get("sample_rate", 16000), n_fft=window, win_length=window, **options
    )
    state = {f"sed_student.{key}": value for key, value in checkpoint.student.items()}
    state |= {f"sed_teacher.{key}": value for key, value in checkpoint.teacher.items()}
    state |= {f"scaler.{key}": value for key, value in checkpoint.scaler.items()}
    state |= {f"pretrained_model.{key}": value for key, value in checkpoint.encoder.items()}
    state["mel_spec.spectrogram.window"] = mel.window
    state["mel_spec.mel_scale.fb"] = mel.filterbank
    content = {
        "epoch": epoch,
        "global_step": global_step,
        "pytorch-lightning_version": LIGHTNING_VERSION,
        "state_dict": state,
        "callbacks": {},
        "optimizer_states": [],
        "lr_schedulers": [],
        "hyper_parameters": system,
        "sed_student": dict(checkpoint.student),
        "sed_teacher": dict(checkpoint.teacher),
    }
    with atomic(path) as part, part.open("wb") as stream:  # torch writes the name of a path inside
        torch.save(content, stream)
