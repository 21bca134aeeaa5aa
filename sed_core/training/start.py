"""Where a training starts: anew, from its own last checkpoint, or from a file that is given."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from sed_core.models.checkpoint import load_checkpoint
from sed_core.models.untrusted import read_untrusted
from sed_core.runtime.errors import SedError
from sed_core.training.module import MeanTeacher


def starting_point(module: MeanTeacher, own: Path) -> Path | None:
    """Put given networks into the module, or name the checkpoint that Lightning restores whole.

    Args:
        module: with networks just initialised.
        own: checkpoint of an earlier, interrupted attempt of the same training.

    Returns:
        A checkpoint with optimiser and position: that of the earlier attempt, else a given
        `last.ckpt`. None where training starts at its first step.

    Raises:
        SedError: the given file is not a checkpoint, or of networks with another shape.
    """
    if own.exists():
        return own
    given = module.system.training.resume_from
    if given is None:
        return None
    content = read_untrusted(given)
    if isinstance(content, Mapping) and "student.dense.bias" in content.get("state_dict", {}):
        return Path(given)
    checkpoint = load_checkpoint(given)
    _load(module.student, checkpoint.student, given)
    _load(module.teacher, checkpoint.teacher, given)
    if checkpoint.encoder:
        if module.pretrained is None:
            raise SedError(
                f"training.resume_from: {given} has a pretrained network inside that was trained "
                "along; set pretrained.e2e to true."
            )
        _load(module.pretrained.encoder, checkpoint.encoder, given)
    return None


def _load(network: nn.Module, state: Mapping[str, Tensor], source: str) -> None:
    try:
        network.load_state_dict(dict(state))
    except RuntimeError as error:
        lines = str(error).splitlines()
        raise SedError(
            f"training.resume_from: the networks in {source} do not fit section 'net' "
            f"({lines[min(1, len(lines) - 1)].strip()}); take the net of the system they come from."
        ) from error
