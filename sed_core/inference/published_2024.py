"""What networks of DCASE 2024 hear and tell apart, which their published files do not say."""

from sed_core.config.system import System
from sed_core.data.published_names import CLASSES_2024
from sed_core.models.checkpoint import Checkpoint
from sed_core.runtime.errors import SedError

RANGE, CELLS = [-1, 1], 192
"""Of their scaled features (those of 2022 and 2023 are in 0 to 1), and of their GRU."""


def is_of_2024(checkpoint: Checkpoint) -> bool:
    """Whether a file that names no classes has as many outputs and cells as those networks."""
    if checkpoint.system.get("dataset", {}).get("classes"):
        return False
    told = (checkpoint.n_classes, checkpoint.net.get("n_RNN_cell"))
    return told == (len(CLASSES_2024), CELLS)


def check_inputs(checkpoint: Checkpoint, system: System, *, source: str) -> None:
    """Refuse a system that scales otherwise, or has its classes in another order, than such a file.

    Raises:
        SedError: another `scaler.range`, or another class; files that state a range are not asked.
    """
    stated = checkpoint.system.get("scaler", {})
    if "range" in stated or stated.get("statistic", "instance") != "instance":
        return
    newer = is_of_2024(checkpoint)
    wanted, found = RANGE if newer else [0, 1], list(system.scaler.range)
    if found != wanted:
        raise SedError(
            f"{source} does not say its scaler.range, which is {wanted} in networks of its shape, "
            f"but system '{system.name}' has {found}; set it to {wanted}."
        )
    pairs = zip(CLASSES_2024, system.dataset.classes, strict=False)
    for place, (theirs, ours) in enumerate(pairs if newer else (), start=1):
        if theirs != ours:
            raise SedError(
                f"class {place} of {source} is '{theirs}', as in all networks of DCASE 2024, that "
                f"of data set '{system.dataset.name}' is '{ours}'; list its classes as "
                "configs/dcase2024.yaml does."
            )
