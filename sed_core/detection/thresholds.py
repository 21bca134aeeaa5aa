"""What a score must exceed: one number, one a class from a file, or those stored in a model."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sed_core.data.tsv import numbers, read_table, reject
from sed_core.runtime.cli import threshold
from sed_core.runtime.errors import SedError, unknown_name

BEST = "best-f1"


def thresholds(
    text: str, classes: Sequence[str], stored: Mapping[str, float] | None = None
) -> NDArray[np.float64]:
    """(C,) thresholds of the classes.

    Args:
        text: a number; `best-f1`; or a file: a table with the columns event_label and threshold,
            or a JSON object of numbers by class. Classes that it does not name have 0.5.
        classes: of the model.
        stored: those in the model, chosen on validation.

    Raises:
        SedError: the file is wrong, names another class, or the model has none stored.
    """
    if text == BEST:
        if not stored:
            raise SedError(
                "this model holds no thresholds of its own; give --threshold a number or a file."
            )
        return np.array([stored[name] for name in classes])
    if not Path(text).is_file():
        return np.full(len(classes), threshold(text))
    told = _read(Path(text))
    for name in told:
        if name not in classes:
            raise SedError(f"{text}: {unknown_name(name, classes, 'class')}")
    return np.array([told.get(name, 0.5) for name in classes])


def _read(path: Path) -> dict[str, float]:
    if path.suffix.lower() == ".json":
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            return {str(name): threshold(str(value)) for name, value in told.items()}
        except (ValueError, AttributeError) as error:
            raise SedError(f"{path} is no JSON object of numbers by class; mend it.") from error
    table = read_table(path, ["event_label", "threshold"])
    values = numbers(table["threshold"])
    wrong = ~((values >= 0) & (values < 1))
    reject(path, table, wrong, "the threshold {threshold!r} is not from 0 to below 1; correct it.")
    return dict(zip(table["event_label"], values.tolist(), strict=True))
