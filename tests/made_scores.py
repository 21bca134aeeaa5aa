"""Folders of scores, as `sedlab predict --scores` writes them recording by recording."""

from pathlib import Path

from sed_core.scoring.score_file import Scores
from sed_core.scoring.score_folder import score_table


def write_score_folder(folder: Path, scores: Scores, network: str) -> None:
    strong = scores.networks[network].strong
    for name, frames, values in zip(scores.filenames, scores.n_frames, strong, strict=True):
        with score_table(folder, name, scores.classes, scores.frame_seconds) as add:
            add(values[:frames])
