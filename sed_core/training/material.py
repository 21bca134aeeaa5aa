"""What a system trains and validates on: clips, labels, crops."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from sed_core.data.corpus import Corpus
from sed_core.data.labels import LabelEncoder
from sed_core.data.splits import weak_split
from sed_core.data.tsv import read_table
from sed_core.features.waveforms import ResidentAudio
from sed_core.inference.predict import grid_of
from sed_core.runtime.errors import SedError
from sed_core.runtime.seeding import derive
from sed_core.runtime.system import System


@dataclass
class Material:
    """Clips by their index through all splits of the system, with what is known of them.

    Attributes:
        audio: waveforms of all splits.
        strong, weak, unlabelled: clips of the three parts of a batch.
        val_strong, val_weak: clips that select the model.
        events: cleaned strong annotations of the training and validation clips.
        names: file name of every clip.
        labels: (number of clips, C, T) uint8 strong labels, zero where a clip has none.
        weak_labels: (number of clips, C) uint8 clip labels of the weakly labelled clips.
        starts: first sample of the cut of every clip.
    """

    system: System
    audio: ResidentAudio
    encoder: LabelEncoder
    names: list[str]
    strong: np.ndarray
    weak: np.ndarray
    unlabelled: np.ndarray
    val_strong: np.ndarray
    val_weak: np.ndarray
    events: pd.DataFrame
    weak_labels: torch.Tensor
    labels: torch.Tensor = field(init=False)
    starts: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.n_samples = self.encoder.grid.n_samples
        self.surplus = np.maximum(self.audio.lengths - self.n_samples, 0)
        self.starts = np.zeros(len(self.names), dtype=np.int64)
        self.labels = self._encode(np.arange(len(self.names)))

    def cut(self, seed: int, epoch: int) -> None:
        """Choose this epoch's cut of every clip that is longer than the networks' input.

        2022 draws it at random, in validation and test as well; labels move with it.
        """
        long = np.flatnonzero(self.surplus)
        if self.system.data.crop == "start" or not len(long):
            return
        generator = np.random.default_rng(derive(seed, "crop", epoch))
        self.starts[long] = generator.integers(0, self.surplus[long] + 1)
        self.labels[torch.from_numpy(long)] = self._encode(long)

    def _encode(self, clips: np.ndarray) -> torch.Tensor:
        wanted = [f"{clip}" for clip in clips]  # names repeat over splits, indices do not
        seconds = self.starts[clips] / self.system.dataset.sample_rate
        dense = self.encoder.encode_split(self.events, wanted, start=seconds)
        return torch.from_numpy(dense).to(self.audio.device)

    def waveforms(self, clips: list[int]) -> torch.Tensor:
        """(B, n_samples) waveforms of a batch."""
        return self.audio.gather(clips, self.n_samples, self.starts)


def load_material(system: System, data: Path, *, seed: int, device: torch.device) -> Material:
    """Read a system's splits from the prepared data.

    Clips that an annotation names but that are not there are left out; so are strongly labelled
    clips without any event, as in 2022.

    Args:
        system: names the splits and their parts.
        data: folder with `audio16k` and `truth`.
        seed: of the training; draws the weak split unless the system fixes another.
        device: where waveforms and labels go.

    Raises:
        SedError: a part has no clip at all.
    """
    parts = system.data
    splits = list(dict.fromkeys([*parts.strong, parts.weak, parts.unlabelled, parts.validation]))
    corpora = [data / "audio16k" / f"{split}.h5" for split in splits]
    audio = ResidentAudio(corpora, device=device)
    names = {
        split: Corpus.open(path).filenames for split, path in zip(splits, corpora, strict=True)
    }
    first = dict(zip(splits, audio.firsts, strict=False))
    position = {
        split: pd.Series(np.arange(len(clips)) + first[split], index=clips)
        for split, clips in names.items()
    }

    def present(split: str, filenames: list[str] | pd.Series) -> np.ndarray:
        found = position[split].reindex(pd.unique(pd.Series(filenames, dtype=str))).dropna()
        if not len(found):
            raise SedError(
                f"split '{split}' has no clip that is both annotated and present; look at "
                f"{data / 'manifests' / split}.tsv for what is missing."
            )
        return found.to_numpy(dtype=np.int64)

    tables = []
    for split in dict.fromkeys([*parts.strong, parts.validation]):
        table = _events(data / "truth" / f"{split}.tsv")
        table["clip"] = position[split].reindex(table["filename"]).to_numpy()
        tables.append(table.dropna(subset="clip").assign(split=split))
    events = pd.concat(tables, ignore_index=True)
    events["filename"] = events["clip"].astype(int).astype(str)

    def with_events(split: str) -> np.ndarray:
        clips = np.sort(events.loc[events["split"] == split, "clip"].astype(int).unique())
        return present(split, []) if not len(clips) else clips

    grid = grid_of(system)
    encoder = LabelEncoder(system.dataset.classes, grid)
    weak_table = read_table(data / "truth" / f"{parts.weak}.tsv", ("filename", "event_labels"))
    split_seed = seed if parts.split_seed is None else parts.split_seed
    weak_train, weak_val = weak_split(
        weak_table["filename"].tolist(), fraction=parts.weak_split, seed=split_seed
    )
    all_names = [name for split in splits for name in names[split]]
    weak_labels = np.zeros((len(all_names), len(system.dataset.classes)), dtype=np.uint8)
    rows = slice(first[parts.weak], first[parts.weak] + len(names[parts.weak]))
    weak_labels[rows] = encoder.encode_weak_split(weak_table, names[parts.weak])
    return Material(
        system=system,
        audio=audio,
        encoder=encoder,
        names=all_names,
        strong=np.concatenate([with_events(split) for split in parts.strong]),
        weak=present(parts.weak, weak_train),
        unlabelled=present(parts.unlabelled, names[parts.unlabelled]),
        val_strong=with_events(parts.validation),
        val_weak=present(parts.weak, weak_val),
        events=events,
        weak_labels=torch.from_numpy(weak_labels).to(device),
    )


def _events(path: Path) -> pd.DataFrame:
    table = read_table(path, ("filename", "onset", "offset", "event_label"))
    table = table[table["event_label"] != ""].copy()
    return table.astype({"onset": float, "offset": float})
