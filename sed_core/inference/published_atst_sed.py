"""What networks of ATST-SED hear, which their published files do not say."""

from dataclasses import asdict

from sed_core.config.system import System
from sed_core.models.atst_sed_state import PRETRAINED
from sed_core.models.checkpoint import Checkpoint
from sed_core.runtime.errors import SedError


def check_encoders(checkpoint: Checkpoint, system: System, *, source: str) -> None:
    """Refuse a system without the encoders of such a file.

    Raises:
        SedError: another section `pretrained`.
    """
    if not checkpoint.teacher_encoder or "pretrained" in checkpoint.system:
        return  # it is none, or says it all
    stated = asdict(system.pretrained)
    if any(stated[key] != value for key, value in PRETRAINED.items()):
        raise SedError(
            f"{source} holds networks of ATST-SED, each with an ATST-Frame of its own inside; give "
            f"system '{system.name}' the section pretrained: {{ model: atst_as2m, kind: pool1d, "
            "e2e: true, freezed: false, own_teacher: true }."
        )
