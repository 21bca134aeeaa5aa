"""The names that authors gave to what they published: classes of DESED, files of embeddings."""

from pathlib import Path

from sed_core.runtime.errors import SedError

DESED_CLASSES = (
    "Alarm_bell_ringing", "Blender", "Cat", "Dishes", "Dog", "Electric_shaver_toothbrush", "Frying",
    "Running_water", "Speech", "Vacuum_cleaner",
)  # fmt: skip
"""In the order of the outputs of published networks."""
CLASSES_2024 = (
    *DESED_CLASSES, "cutlery and dishes", "furniture dragging", "people talking",
    "children voices", "coffee machine", "footsteps", "large_vehicle", "car", "brakes_squeaking",
    "cash register beeping", "announcement", "shopping cart", "metro leaving", "metro approaching",
    "door opens/closes", "wind_blowing", "birds_singing",
)  # fmt: skip
"""Of DESED and of MAESTRO Real, in the order of the outputs of DCASE 2024's networks."""
PUBLISHED = "published "
"""Begins what stands for the digest of weights, of which published embeddings say nothing."""
NAMES = {"synth": "synth_train", "weak": "weak_train", "unlabelled": "unlabeled_train"}
"""Split -> name of its published file, where the two differ; the 2023 files add `strong_train`."""


def published_file(folder: str | Path, split: str) -> Path:
    """The published file of a split.

    Raises:
        SedError: the folder has none.
    """
    names = [NAMES.get(split, split), split, f"{split}_train"]
    paths = [Path(folder) / f"{name}.hdf5" for name in names]
    for path in paths:
        if path.is_file():
            return path
    raise SedError(
        f"{paths[0]} does not exist, and the embeddings of split '{split}' are to be imported; put "
        "it there, or extract all splits here by setting embeddings.<model>.extracted to null."
    )
