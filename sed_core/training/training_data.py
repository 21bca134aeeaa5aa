"""What a system trains and validates on: clips, labels, crops."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from sed_core.config.batch_parts import parts
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
from sed_core.scoring.frames import spread


@dataclass
class TrainingData:
    """Clips by their index through all splits of the system, with what is known of them.

    With `data.windows: per_second`, a recording of n times the networks' input gives n windows an
    epoch, rounded. The first one has the clip's own number; further ones have numbers beyond all
    clips, for which `recordings` names the clip.

    Attributes:
        audio: waveforms of all splits.
        strong, weak, unlabelled: windows of the three parts of a batch.
        val_strong, val_weak, val_soft: clips that select the model.
        events: cleaned strong annotations of the training and validation clips, with the clip's
            index in `clip`.
        names: file name of every clip.
        labels: (number of windows, C, T) strong labels, zero where a clip has none: uint8, or
            float32 where a split has soft ones.
        weak_labels: (number of clips, C) uint8 clip labels of the weakly labelled clips.
        splits: name of every clip's split.
        annotated: (number of clips, C) which classes a clip's labels tell of; None where of all.
        embeddings: of every clip's windows, where the system reads them.
        recordings: the clip of every window.
        starts: first sample of every window.
        annotator: whose labels train, of every clip.
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
    splits: np.ndarray
    val_soft: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    annotated: torch.Tensor | None = None
    embeddings: ResidentEmbeddings | None = None
    labels: torch.Tensor = field(init=False)
    recordings: np.ndarray = field(init=False)
    starts: np.ndarray = field(init=False)
    annotator: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.n_samples = self.encoder.grid.n_samples
        self.recordings = np.arange(len(self.names))
        self.turn = np.zeros(len(self.names), dtype=np.int64)
        self.turns = np.ones(len(self.names), dtype=np.int64)
        if self.system.data.windows == "per_second":
            self._take_more_windows()
        self.surplus = np.maximum(self.audio.lengths - self.n_samples, 0)[self.recordings]
        self.starts = np.zeros(len(self.recordings), dtype=np.int64)
        self.annotator = np.zeros(len(self.names), dtype=np.int64)
        self.labels = self._encode(np.arange(len(self.recordings)))

    def _take_more_windows(self) -> None:
        self.turns = np.maximum(1, np.rint(self.audio.lengths / self.n_samples)).astype(np.int64)
        for name in ("strong", "weak", "unlabelled"):
            clips = getattr(self, name)
            more = spread(np.ones(len(clips), np.int64), self.turns[clips] - 1)
            owners = np.repeat(clips, self.turns[clips] - 1)
            setattr(self, name, np.concatenate([clips, len(self.turn) + np.arange(len(more))]))
            self.recordings = np.concatenate([self.recordings, owners])
            self.turn = np.concatenate([self.turn, more])
        self.turns = self.turns[self.recordings]

    @property
    def strong_parts(self) -> list[np.ndarray]:
        """Windows of each part of the strong share of a batch."""
        division = parts(self.system.training.strong_parts)
        if not division:
            return [self.strong]
        splits = self.splits[self.recordings[self.strong]]
        return [self.strong[np.isin(splits, part.splits)] for part in division]

    def draw_epoch(self, seed: int, epoch: int) -> None:
        """Choose this epoch's windows in long clips, and whose labels train; labels follow."""
        drawn = np.union1d(self._draw_crops(seed, epoch), self._draw_annotators(seed, epoch))
        if len(drawn):
            self.labels[torch.from_numpy(drawn)] = self._encode(drawn)

    def _draw_crops(self, seed: int, epoch: int) -> np.ndarray:
        """Cut clips that are longer than the networks' input, and return these windows.

        2022 draws them at random; embeddings in files have some windows, of which the nearest is
        taken. Of n windows in a recording, the first begins in the first nth
        of where one can, and so on, so that they differ.
        """
        long = np.flatnonzero(self.surplus)
        if self.system.data.crop == "start" or not len(long):
            return long[:0]
        generator = np.random.default_rng(derive(seed, "crop", epoch))
        room, turn, turns = self.surplus[long], self.turn[long], self.turns[long]
        first, last = room * turn // turns, room * (turn + 1) // turns
        self.starts[long] = generator.integers(first, last + 1)
        if self.embeddings is not None:
            for window in long.tolist():
                stored = self.embeddings.starts(int(self.recordings[window]))
                self.starts[window] = stored[np.abs(stored - self.starts[window]).argmin()]
        return long

    def _draw_annotators(self, seed: int, epoch: int) -> np.ndarray:
        """Pick one of a recording's annotators, where each has labels; return these windows."""
        if "annotators" not in self.events:
            return np.empty(0, np.int64)
        several = self.events[self.events["annotators"] > 1].drop_duplicates("clip")
        for clip, count in zip(several["clip"], several["annotators"], strict=True):
            drawn = derive(seed, "annotator", epoch, self.names[clip])
            self.annotator[clip] = drawn % int(count)
        return np.flatnonzero(np.isin(self.recordings, several["clip"]))

    def _encode(self, windows: np.ndarray) -> torch.Tensor:
        wanted = windows.astype(str)  # names repeat over splits, numbers do not
        owners = pd.DataFrame({"clip": self.recordings[windows], "filename": wanted})
        events = owners.merge(self.events.drop(columns="filename"), on="clip")
        if "annotator" in events:
            events = events[events["annotator"] == self.annotator[events["clip"]]]
        dense = self.encoder.encode_split(events, wanted.tolist(), start=self.seconds(windows))
        return torch.from_numpy(dense).to(self.audio.device)

    def seconds(self, windows: np.ndarray) -> np.ndarray:
        """Where these windows start."""
        return self.starts[windows] / self.system.dataset.sample_rate

    def waveforms(self, windows: list[int]) -> torch.Tensor:
        """(B, n_samples) waveforms of a batch."""
        clips = self.recordings[windows].tolist()
        return self.audio.gather(clips, self.n_samples, self.starts[windows].tolist())


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
    system: System,
    data: Path,
    *,
    seed: int,
    device: torch.device,
    processes: int = 1,
    pseudo_labels: Path | None = None,
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
        pseudo_labels: folder of the labels that other systems made.

    Raises:
        SedError: a part has no clip at all.
    """
    roles, prepared = system.data, PreparedData(data, pseudo_labels)
    splits = roles.splits
    corpora = {split: prepared.audio(split) for split in splits}
    names = {split: Corpus.open(path).filenames for split, path in corpora.items()}
    index = _Index(names)
    strongly = [*roles.strong, roles.validation, *filter(None, [roles.validation_soft])]
    tables = {
        split: _events(
            prepared.training_labels(split, roles.soft_labels.get(split)),
            index.numbers[split],
            roles.annotated.get(split) if split == roles.validation_soft else None,
        )
        for split in dict.fromkeys(strongly)
    }
    eventful = {
        split: np.sort(index.present(split, table["filename"].tolist()))
        for split, table in tables.items()
    }
    encoder = LabelEncoder(system.dataset.classes, FrameGrid.of(system), roles.overlaps)
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
    audio = ResidentAudio(
        list(corpora.values()),
        device=device,
        resident=system.pretrained.freezed,
        processes=processes,
    )
    if embeddings is not None:
        embeddings.require(audio.lengths, encoder.grid.n_samples)
    most = system.training.validation_batches
    limit = None if most is None else most * system.training.batch_size_val
    return TrainingData(
        system=system,
        audio=audio,
        encoder=encoder,
        names=index.names,
        strong=np.concatenate([none, *(eventful[split] for split in roles.strong)]),
        weak=weak,
        unlabelled=unlabelled,
        val_strong=eventful[roles.validation][:limit],
        val_weak=weak_val[:limit],
        val_soft=eventful[roles.validation_soft][:limit] if roles.validation_soft else none,
        events=_together(tables.values()),
        weak_labels=torch.from_numpy(weak_labels).to(device),
        splits=np.repeat(splits, [len(names[split]) for split in splits]),
        annotated=_annotated(system, names, device),
        embeddings=embeddings,
    )


def _annotated(
    system: System, names: Mapping[str, list[str]], device: torch.device
) -> torch.Tensor | None:
    told, classes = system.data.annotated, system.dataset.classes
    if not told:
        return None
    rows = [[name in told[split] for name in classes] for split in names]
    counts = torch.tensor([len(clips) for clips in names.values()])
    return torch.tensor(rows).repeat_interleave(counts, 0).to(device)


def _events(path: Path, numbers: pd.Series, classes: Sequence[str] | None) -> pd.DataFrame:
    """The events in the clips that are there, with each clip's number in `clip`.

    Only those of these classes, where such are given.
    """
    table = read_table(path, STRONG_COLUMNS, optional=tuple(_CERTAIN), allow_empty=True)
    table = table.assign(clip=numbers.reindex(table["filename"]).to_numpy())
    known = table["event_label"] != "" if classes is None else table["event_label"].isin(classes)
    table = table[known & table["clip"].notna()]
    numeric = dict.fromkeys({"onset", "offset", *_CERTAIN} & {*table.columns}, float)
    return table.astype({**numeric, "clip": int})


_CERTAIN = {"confidence": 1.0, "annotator": 0.0, "annotators": 1.0}
"""What a table says that lacks these columns, beside one that has them."""


def _together(tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """The events of all splits; beside soft labels the others are certain."""
    events = pd.concat(tables, ignore_index=True)
    return events.fillna({name: _CERTAIN[name] for name in _CERTAIN if name in events})
