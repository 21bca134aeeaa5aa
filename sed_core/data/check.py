"""Which clips of each prepared split are present, missing or suspicious."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from sed_core.data.layout import PreparedData
from sed_core.data.manifest import read_manifest, usable

COLUMNS = (
    "split",
    "expected",
    "present",
    "missing",
    "unreadable",  # also truncated and empty files, and files with NaN
    "short",
    "silent",
    "duplicates",  # clips whose sound another clip of the split has too
    "elsewhere",  # clips whose sound is in another split as well
    "labels",  # events of strong splits, clip labels of weak ones; none without labels
    "hours",
)


def check(data: Path, splits: Sequence[str]) -> pd.DataFrame:
    """Count what is there and what is odd about it.

    Args:
        data: folder of prepared data, with `manifests` and `truth`.
        splits: names.

    Returns:
        One row a split, with the columns `COLUMNS`.
    """
    prepared = PreparedData(data)
    tables = {split: read_manifest(prepared.manifest(split)) for split in splits}
    shared = _in_several(tables)
    rows = [
        {
            "split": split,
            **_clips(table, shared),
            "labels": _labels(prepared.ground_truth(split), table),
            "hours": round(float(table["duration"].sum()) / 3600, 2),
        }
        for split, table in tables.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"labels": "Int64"})


def _in_several(tables: Mapping[str, pd.DataFrame]) -> set[str]:
    """Digests of sounds that more than one split has."""
    found = [
        table["digest"][table["status"] == "ok"].drop_duplicates() for table in tables.values()
    ]
    digests = pd.concat(found)
    return set(digests[digests.duplicated()])


def _clips(table: pd.DataFrame, shared: set[str]) -> dict[str, int]:
    status, present = table["status"], table[table["status"] == "ok"]
    flags = present["flags"].str.get_dummies(",").reindex(columns=["short", "silent"], fill_value=0)
    return {
        "expected": len(table),
        "present": len(present),
        "missing": int((status == "missing").sum()),
        "unreadable": int((~status.isin(["ok", "missing"])).sum()),
        "short": int(flags["short"].sum()),
        "silent": int(flags["silent"].sum()),
        "duplicates": int(present["digest"].duplicated(keep=False).sum()),
        "elsewhere": int(present["digest"].isin(shared).sum()),
    }


def _labels(truth: Path, manifest: pd.DataFrame) -> int | None:
    """Labels of the clips that are there; weak annotations list the others, too."""
    if not truth.is_file():
        return None
    labels = pd.read_csv(truth, sep="\t", dtype={"filename": str})
    labels = labels[labels["filename"].isin(usable(manifest))]
    if "event_labels" in labels:
        return int(labels["event_labels"].str.split(",").str.len().sum())
    return int(labels["event_label"].count()) if "event_label" in labels else None
