"""Networks in the layout of the published checkpoints, with tensors under the same names."""

import json
from pathlib import Path

import torch

from sed_core.features.logmel import MelSpectrogram
from sed_core.models.checkpoint import Checkpoint


def save_lightning(path: Path, checkpoint: Checkpoint) -> None:
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
    teacher = checkpoint.teacher_encoder.items()  # which no recipe of DCASE has, nor loads
    state |= {f"teacher_pretrained_model.{key}": value for key, value in teacher}
    state["mel_spec.spectrogram.window"] = mel.window
    state["mel_spec.mel_scale.fb"] = mel.filterbank
    content = {
        "epoch": 0,
        "global_step": 0,
        "pytorch-lightning_version": "1.5.1",
        "state_dict": state,
        "callbacks": {},
        "optimizer_states": [],
        "lr_schedulers": [],
        "hyper_parameters": system,
        "sed_student": dict(checkpoint.student),
        "sed_teacher": dict(checkpoint.teacher),
    }
    torch.save(content, path)
