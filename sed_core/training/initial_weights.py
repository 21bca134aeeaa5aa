"""Initial weights: random, from the training's own last checkpoint, or from a given file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from sed_core.features.safe_load import reason, safe_load
from sed_core.models.checkpoint import load_checkpoint
from sed_core.runtime.errors import SedError
from sed_core.training.mean_teacher import MeanTeacher

SCALER = "front.scaler."
"""Its statistics take the shape of whatever is loaded."""


def starting_point(module: MeanTeacher, own: Path, given: Path | None) -> Path | None:
    """Put given networks into the module, or name the checkpoint that Lightning restores whole.

    Args:
        module: with networks just initialised.
        own: checkpoint of an earlier, interrupted attempt of the same training.
        given: a `last.ckpt` to go on from, or networks to start from (`TrainingJob.given`).

    Returns:
        A checkpoint with optimiser and position: that of the earlier attempt, else a given
        `last.ckpt`. None where training starts at its first step.

    Raises:
        SedError: the given file is not a checkpoint, or of networks with another shape.
    """
    if own.exists():
        return own
    if given is None:
        return None
    content = safe_load(given)
    state = content.get("state_dict") if isinstance(content, Mapping) else None
    if isinstance(state, Mapping) and any(str(key).startswith("student.") for key in state):
        _check_whole(module, content, str(given))
        return given
    checkpoint = load_checkpoint(given)
    _load(module.student, checkpoint.student, str(given))
    _load(module.teacher, checkpoint.teacher, str(given))
    if checkpoint.encoder:
        if module.pretrained is None:
            raise SedError(
                f"training.resume_from: {given} has a pretrained network inside that was trained "
                "along; set pretrained.e2e to true."
            )
        _load(module.pretrained.encoder, checkpoint.encoder, str(given))
    heard = checkpoint.teacher_encoder or checkpoint.encoder
    if module.teacher_pretrained is not None and heard:
        _load(module.teacher_pretrained.encoder, heard, str(given))
    elif checkpoint.teacher_encoder:
        raise SedError(
            f"training.resume_from: the teacher in {given} has a pretrained network of its own; "
            "set pretrained.own_teacher to true."
        )
    return None


def _check_whole(module: MeanTeacher, content: Mapping[str, Any], source: str) -> None:
    """Refuse a `last.ckpt` that Lightning could not restore into this module.

    Raises:
        SedError: of networks of another shape, or of an optimiser with other weights.
    """
    given, wanted = content["state_dict"], module.state_dict()
    for key in sorted(given.keys() | wanted.keys(), key=str):
        there, here = (_shape(state.get(key)) for state in (given, wanted))
        if there != here and not (key in wanted and str(key).startswith(SCALER)):
            raise SedError(_unfit(source, f"{key} is {there} there and {here} here"))
    try:
        module.configure_optimizers().load_state_dict(content["optimizer_states"][0])
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise SedError(
            f"training.resume_from: the optimiser in {source} does not go with this system "
            f"({reason(error)}); give a model.pt, of which training takes the networks alone."
        ) from error


def _shape(tensor: Any) -> str:
    return str(tuple(tensor.shape)) if isinstance(tensor, Tensor) else "no tensor"


def _unfit(source: str, why: str) -> str:
    return (
        f"training.resume_from: the networks in {source} do not fit section 'net' ({why}); take "
        "the net of the system they come from."
    )


def _load(network: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise SedError(_unfit(source, lines[min(1, len(lines) - 1)].strip())) from error
