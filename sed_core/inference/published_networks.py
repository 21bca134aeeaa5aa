"""What the baselines' networks hear and tell apart, which their published files do not say."""

from collections.abc import Sequence

from sed_core.config.system import System
from sed_core.data.published_names import CLASSES_2024, DESED_CLASSES
from sed_core.models.checkpoint import Checkpoint
from sed_core.runtime.errors import SedError

OUTPUTS = {len(classes): classes for classes in (DESED_CLASSES, CLASSES_2024)}
"""The classes of all published networks with so many outputs."""
ALIGNED = ("pool1d", "interpolate")
"""The `aggregation_type`s of 2023 and 2024 that are a `pretrained.kind`; others show in names."""
RANGE_2024 = [-1, 1]
"""Of the scaled features of the baseline of 2024; those of 2022 and 2023 are in 0 to 1."""


def check_inputs(checkpoint: Checkpoint, system: System, *, source: str) -> None:
    """Refuse a system that scales otherwise, or has its classes in another order, than such a file.

    Nobody can tell which ten classes a file is of whose authors trained the baseline on their own;
    so ten of which none is DESED's are taken in the order of the data set.

    Raises:
        SedError: embeddings aligned otherwise, another class, or another `scaler.range`; what files
            state in our own way is not asked.
    """
    if checkpoint.system.get("dataset", {}).get("classes"):
        return
    aligned = checkpoint.system.get("net", {}).get("aggregation_type")
    if aligned in ALIGNED and system.pretrained.kind != aligned:
        raise SedError(
            f"{source} was trained on embeddings aligned by {aligned}, but pretrained.kind of "
            f"system '{system.name}' is '{system.pretrained.kind}'; set it to {aligned}."
        )
    published = OUTPUTS.get(checkpoint.n_classes, ())
    ours = system.dataset.classes
    foreign = published == DESED_CLASSES and not set(published) & set(ours)
    if len(published) == len(ours) and not foreign:
        why = f", as in all published networks with {len(published)} outputs"
        check_classes(published, system, source=source, why=why)
    stated = checkpoint.system.get("scaler", {})
    if "range" in stated or stated.get("statistic", "instance") != "instance":
        return
    wanted = RANGE_2024 if published == CLASSES_2024 else [0, 1]
    if (found := list(system.scaler.range)) != wanted:
        raise SedError(
            f"{source} does not say its scaler.range, which is {wanted} in networks of its shape, "
            f"but system '{system.name}' has {found}; set it to {wanted}."
        )


def check_classes(theirs: Sequence[str], system: System, *, source: str, why: str = "") -> None:
    """Refuse a data set that has its classes in another order than a checkpoint's outputs.

    Args:
        theirs: as many names as the data set has.
        system: that is to be evaluated with the checkpoint.
        source: named in the complaint.
        why: how they are known, behind the first name, where the checkpoint does not state them.

    Raises:
        SedError: the first class that differs.
    """
    pairs = zip(theirs, system.dataset.classes, strict=True)
    for place, (their, our) in enumerate(pairs, start=1):
        if their != our:
            raise SedError(
                f"class {place} of {source} is '{their}'{why}, that of data set "
                f"'{system.dataset.name}' is '{our}'; list the data set's classes as the "
                f"checkpoint has them: {', '.join(map(str, theirs))}."
            )
