"""Kinds of embedding that a system can read: in which file each lies, and how it is fused."""

from sed_core.config import registries

EXTRACTED = {"frame": "frame", "aligned": "aligned", "global": "global", "mean": "global"}
"""Kinds that have files of their own -> the fusion (`net.embedding_type`) that takes each."""

BY_ORDER = tuple(
    kind for kind in registries.names(registries.ALIGNMENTS, "ALIGNMENTS") if kind not in EXTRACTED
)
"""Ways to align `frame`: they read its file, and are fused as `aligned` is."""

STORED = {kind: kind for kind in EXTRACTED} | dict.fromkeys(BY_ORDER, "frame")
"""`pretrained.kind` -> the kind that is extracted."""

FUSIONS = EXTRACTED | dict.fromkeys(BY_ORDER, "aligned")
"""`pretrained.kind` -> the fusion that takes it."""

DERIVED = ("aligned", "mean")
"""Extracted kinds that follow from `frame` (`Encoder.derived`)."""


def readable(extracted: tuple[str, ...], *, alignable: bool) -> tuple[str, ...]:
    """What a system may read of a network.

    Args:
        extracted: kinds that the network gives.
        alignable: whether its frames may be aligned in their own order.
    """
    return (*extracted, *(BY_ORDER if alignable else ()))
