"""How far the annotators of a split agree with each other, as a table."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sed_core.data.annotator_weights import AnnotatorScore, annotator_weights, read_scores
from sed_core.data.layout import PreparedData
from sed_core.reporting.table import Table

SHOWN = 5  # of those who agree most, and of those who agree least


def annotators_tables(data: Path, splits: Sequence[str]) -> list[Table]:
    """One table for each split.

    Args:
        data: folder of prepared data, with `annotators`.
        splits: those with several annotators.
    """
    prepared = PreparedData(data)
    return [annotators_table(read_scores(prepared.annotators(split)), split) for split in splits]


def annotators_table(scores: dict[str, AnnotatorScore], split: str) -> Table:
    """The annotators who agree most and least with others; all, where there are few."""
    ranked = sorted(scores, key=lambda name: (-scores[name].score, name))
    middle = len(ranked) > 2 * SHOWN
    names = [*ranked[:SHOWN], *ranked[-SHOWN:]] if middle else ranked
    weights = dict(zip(ranked, annotator_weights(ranked, scores), strict=True))
    rows = [
        [
            name,
            f"{scores[name].score:.3f}",
            f"{scores[name].raw_score:.3f}",
            str(scores[name].recordings),
            f"{weights[name] * len(ranked):.2f}",
        ]
        for name in names
    ]
    if middle:
        rows.insert(SHOWN, ["…"] + ["…"] * 4)
    notes = ["Only annotators who share a recording with another have a score."]
    if scores:
        values = [score.score for score in scores.values()]
        low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
        notes = [
            f"{len(scores)} annotators share a recording with another; half of the scores lie "
            f"between {low:.3f} and {high:.3f}, around {median:.3f}.",
            "Agreement: mean Dice coefficient with the others, over recordings; score: that drawn "
            "towards the mean of all where recordings are few. Weight: in `aggregation: weighted`, "
            "as a multiple of the mean one.",
        ]
    head = ["Annotator", "Score", "Agreement", "Recordings", "Weight"]
    return Table(f"Annotators of {split}", head, rows, notes)
