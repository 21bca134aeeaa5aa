"""What a system trains and validates on: clips, labels, crops."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from sed_core.config.system import System
from sed_core.data.annotations import STRONG_COLUMNS
from sed_core.data.corpus import Corpus
from sed_core.data.labels import FrameGrid, LabelEncoder
from sed_core.data.layout import PreparedData
from sed_core.data.tsv import read_table
from sed_core.data.weak_split import weak_split
from sed_core.features.embeddings.resident_embeddings import ResidentEmbeddings
from sed_core.features.resident_audio import ResidentAudio
from sed_core.runtime.errors import SedError
from sed_core.runtime.seeding import derive


@dataclass
class TrainingData:
    """Clips by their index through all splits of the system, with what is known of them.

    Attributes:
        audio: waveforms of all splits.
        strong, weak, unlabelled: clips of the three parts of a batch.
        val_strong, val_weak: clips that select the model.
        events: cleaned strong annotations of the training and validation clips, with the clip's
            index in `clip`.
        names: file name of every clip.
        labels: (number of clips, C, T) strong labels, zero where a clip has none: uint8, or
            float32 where a split has soft ones.
        weak_labels: (number of clips, C) uint8 clip labels of the weakly labelled clips.
        embeddings: of every clip, where the system reads them.
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
    embeddings: ResidentEmbeddings | None = None
    labels: torch.Tensor = field(init=False)
    starts: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.n_samples = self.encoder.grid.n_samples
        self.surplus = np.maximum(self.audio.lengths - self.n_samples, 0)
        self.starts = np.zeros(len(self.names), dtype=np.int64)
        self.labels = self._encode(np.arange(len(self.names)))

    def draw_crops(self, seed: int, epoch: int) -> None:
        """Choose this epoch's cut of every clip that is longer than the networks' input.

        2022 draws it at random, in validation and test as well; labels move with it.
        """
        long = np.flatnonzero(self.surplus)
        if self.system.crop == "start" or not len(long):
            return
        generator = np.random.default_rng(derive(seed, "crop", epoch))
        self.starts[long] = generator.integers(0, self.surplus[long] + 1)
        self.labels[torch.from_numpy(long)] = self._encode(long)

    def _encode(self, clips: np.ndarray) -> torch.Tensor:
        numbered = self.events.assign(filename=self.events["clip"].astype(str))
        wanted = [str(clip) for clip in clips]  # names repeat over splits, numbers do not
        dense = self.encoder.encode_split(numbered, wanted, start=self.seconds(clips))
        return torch.from_numpy(dense).to(self.audio.device)

    def seconds(self, clips: np.ndarray) -> np.ndarray:
        """Where the cuts of these clips start."""
        return self.starts[clips] / self.system.dataset.sample_rate

    def waveforms(self, clips: list[int]) -> torch.Tensor:
        """(B, n_samples) waveforms of a batch."""
        return self.audio.gather(clips, self.n_samples, self.starts[clips].tolist())


class _Index:
    """The number of every clip, counted through all splits."""

    def __init__(self, names: Mapping[str, list[str]]) -> None:
        self.names = [name for split in names.values() for name in split]
        numbers = iter(range(len(self.names)))
        self.numbers = {
            split: pd.Series([next(numbers) for _ in clips], index=clips, dtype=np.int64)
            for split, clips in names.items()
        }

    def present(self, split: str, filenames: Sequence[str]) -> np.ndarray:
        """Numbers of those clips that are there, in the given order, each once.

        Raises:
            SedError: none is.
        """
        wanted = pd.unique(pd.Series(filenames, dtype=str))
        found = self.numbers[split].reindex(wanted).dropna()
        if found.empty:
            raise SedError(
                f"none of the annotated clips of split '{split}' is present; its manifest says "
                "what is missing and why."
            )
        return found.to_numpy(dtype=np.int64)


def load_training_data(
    system: System, data: Path, *, seed: int, device: torch.device, processes: int = 1
) -> TrainingData:
    """Read a system's splits from the prepared data.

    Clips that an annotation names but that are not there are left out; so are strongly labelled
    clips without any event, as in 2022. The weak set is divided before that, by its whole list.

    Args:
        system: names the splits and what each is for.
        data: folder with `audio16k` and `truth`.
        seed: of the training; draws the weak split unless the system fixes another.
        device: where waveforms and labels go.
        processes: of this training, which all load it.

    Raises:
        SedError: a part has no clip at all.
    """
    roles, prepared = system.data, PreparedData(data)
    splits = roles.splits
    corpora = {split: prepared.audio(split) for split in splits}
    names = {split: Corpus.open(path).filenames for split, path in corpora.items()}
    index = _Index(names)
    tables = {
        split: _events(
            prepared.training_labels(split, roles.soft_labels.get(split)), index.numbers[split]
        )
        for split in dict.fromkeys([*roles.strong, roles.validation])
    }
    eventful = {
        split: np.sort(index.present(split, table["filename"].tolist()))
        for split, table in tables.items()
    }
    encoder = LabelEncoder(system.dataset.classes, FrameGrid.of(system))
    none: np.ndarray = np.empty(0, dtype=np.int64)
    weak, weak_val, unlabelled = none, none, none
    weak_labels = np.zeros((len(index.names), len(system.dataset.classes)), dtype=np.uint8)
    if roles.weak is not None:
        weak_table = read_table(prepared.ground_truth(roles.weak), ("filename", "event_labels"))
        drawn, others = weak_split(
            weak_table["filename"].tolist(),
            fraction=roles.weak_split,
            seed=seed if roles.split_seed is None else roles.split_seed,
        )
        weak, weak_val = index.present(roles.weak, drawn), index.present(roles.weak, others)
        clips = index.numbers[roles.weak]
        weak_labels[clips] = encoder.encode_weak_split(weak_table, clips.index.tolist())
    if roles.unlabelled is not None:
        unlabelled = index.numbers[roles.unlabelled].to_numpy(dtype=np.int64)
    embeddings = None
    if system.reads_embeddings:
        embeddings = ResidentEmbeddings(
            [prepared.embeddings(system.pretrained, split) for split in splits],
            list(names.values()),
            kind=system.pretrained.kind,
            times=encoder.grid.centres,
            device=device,
            processes=processes,
        )
    most = system.training.validation_batches
    limit = None if most is None else most * system.training.batch_size_val
    return TrainingData(
        system=system,
        audio=ResidentAudio(
            list(corpora.values()),
            device=device,
            resident=system.pretrained.freezed,
            processes=processes,
        ),
        encoder=encoder,
        names=index.names,
        strong=np.concatenate([none, *(eventful[split] for split in roles.strong)]),
        weak=weak,
        unlabelled=unlabelled,
        val_strong=eventful[roles.validation][:limit],
        val_weak=weak_val[:limit],
        events=_together(tables.values()),
        weak_labels=torch.from_numpy(weak_labels).to(device),
        embeddings=embeddings,
    )


def _events(path: Path, numbers: pd.Series) -> pd.DataFrame:
    """The events of the clips that are there, with each clip's number in `clip`."""
    table = read_table(path, STRONG_COLUMNS, optional=("confidence",), allow_empty=True)
    table = table.assign(clip=numbers.reindex(table["filename"]).to_numpy())
    table = table[(table["event_label"] != "") & table["clip"].notna()]
    numeric = dict.fromkeys({"onset", "offset", "confidence"} & {*table.columns}, float)
    return table.astype({**numeric, "clip": int})


def _together(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The events of all splits; beside soft labels the others are certain."""
    events = pd.concat(tables, ignore_index=True)
    return events.fillna({"confidence": 1.0}) if "confidence" in events else events
