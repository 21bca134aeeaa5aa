"""What the rows of the tables are made of, and which splits they need."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sed_core.config.rows import Row
from sed_core.config.split_roles import used_splits
from sed_core.config.systems import unfit
from sed_core.runtime.errors import unknown_name


def systems_of(row: str, rows: Mapping[str, Row]) -> list[str]:
    """The systems behind a row; a system is made of itself.

    Args:
        row: name of a system, ensemble or variant.
        rows: all rows by name.
    """
    made_of = (systems_of(member, rows) for member in rows[row].members)
    return [name for names in made_of for name in names] or [row]


def absence(name: str, rows: Mapping[str, Row], config: Mapping[str, Any]) -> str:
    """Why there are no results of this name, in a sentence.

    Args:
        name: what is asked for, and no row.
        rows: all rows by name.
        config: the whole configuration.
    """
    if name in config["systems"]:
        return unfit(name, config)
    return f"{unknown_name(name, rows, 'system')} `make systems` lists the targets."


def is_given(row: str, rows: Mapping[str, Row]) -> bool:
    """Whether networks, or those of a member, come from a checkpoint instead of a training."""
    return any(rows[name].system["checkpoint"] is not None for name in systems_of(row, rows))


def evaluated_splits(row: Row) -> list[str]:
    """The split that is scored, then the one that is only predicted (if any)."""
    data = row.system["data"]
    return [split for split in (data["test"], data["eval"]) if split]


def energy_stage(row: Row, split: str) -> str:
    """`devtest`, `evaluation` or `validation`: what energy tables call predicting a split."""
    data = row.system["data"]
    return {data["test"]: "devtest", data["eval"]: "evaluation"}.get(split, "validation")


def splits_in_use(
    targets: Iterable[str],
    rows: Mapping[str, Row],
    splits: Mapping[str, Mapping[str, Any]],
    labels: Collection[str] = ("strong", "weak", "none"),
) -> list[str]:
    """Splits that a target trains on, is tuned on, is scored on or predicts.

    Args:
        targets: names of rows.
        rows: all rows by name.
        splits: those of the data set, by name, in the order of the answer.
        labels: only splits that are labelled so.
    """
    used = {
        split
        for row in targets
        for name in systems_of(row, rows)
        for split in used_splits(rows[name].system)
    }
    return [name for name, split in splits.items() if name in used and split["labels"] in labels]
