"""Validation of an epoch: losses, F1 scores, and the objective that selects the model."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from itertools import islice

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from sed_core.config.system import System
from sed_core.inference.stitching import Scores, Stitcher
from sed_core.inference.windows import Windows
from sed_core.scoring.best_thresholds import best_thresholds
from sed_core.scoring.collar import collar_f1
from sed_core.scoring.decode import decode, median_filter
from sed_core.scoring.events import make_events
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import intersection_f1
from sed_core.scoring.score_file import NETWORKS, masked
from sed_core.scoring.tagging import tagging_f1
from sed_core.training.losses import Output
from sed_core.training.selection.objective import Judged
from sed_core.training.selection.objective_registry import OBJECTIVES
from sed_core.training.soft_validation import seconds_f1, soft_truth
from sed_core.training.training_data import TrainingData
from sed_core.training.validation_windows import ValidationWindows


def selection(system: System) -> dict[str, float]:
    """The scalars that select the networks, and the weight of each in the sum, the objective."""
    config = system.training
    return OBJECTIVES[config.objective].terms(system, config.judged_network)


class Validation:
    """Collects the posteriors of an epoch and scores them.

    Memory: posteriors of both networks on the validation clips, 4 bytes each (31 MB for the
    2,658 clips of DESED), and as many of one network when they are scored.

    Args:
        training_data: with the validation clips.
        share: of them that this process hears.
    """

    def __init__(self, training_data: TrainingData, share: ValidationWindows) -> None:
        self.training_data, self.share = training_data, share
        self.grid = training_data.encoder.grid
        self.config = training_data.system.training
        windows, clips = Windows.of(training_data.system), training_data.val_strong
        lengths = [windows.n_frames(int(n)) for n in training_data.audio.lengths[clips]]
        self.n_frames = np.array(lengths, np.int64)
        self._forget()

    def _forget(self) -> None:
        join, clips = self.training_data.system.stitching.join, self.share.clips
        self.waiting = iter(self.share.windows)
        self.stitchers = {network: Stitcher(join) for network in NETWORKS}
        self.strong: dict[str, list[list[Scores]]] = {
            name: [[] for _ in clips] for name in NETWORKS
        }
        self.weak: dict[str, list[Scores]] = {name: [] for name in NETWORKS}

    @cached_property
    def truth(self) -> GroundTruth:
        """The events of the validation clips; one beyond a clip's end is missed, as in 2022."""
        training_data, clips = self.training_data, self.training_data.val_strong
        known = {"clip": pd.Index(clips), "event_label": pd.Index(training_data.encoder.classes)}
        events = training_data.events[training_data.events["clip"].isin(clips)]
        clip, label = (
            index.get_indexer(pd.Index(events[column])) for column, index in known.items()
        )
        seconds = training_data.audio.lengths[clips] / self.grid.sample_rate
        return GroundTruth(
            filenames=[training_data.names[number] for number in clips],
            durations=np.maximum(seconds, self.grid.clip_seconds),
            classes=list(training_data.encoder.classes),
            events=make_events(clip, label, events["onset"], events["offset"]),
        )

    @cached_property
    def soft_truth(self) -> GroundTruth:
        """The events of the validation clips with soft labels."""
        return soft_truth(self.training_data)

    @cached_property
    def labels(self) -> torch.Tensor:
        """(N, C, T) labels of the strongly labelled clips, on the frames of the longest."""
        longest = int(self.n_frames.max(initial=0))
        grid = replace(self.grid, clip_seconds=(longest + 1) * self.grid.frame_seconds)
        encoder = replace(self.training_data.encoder, grid=grid)
        events = self.training_data.events
        events = events.assign(filename=events["clip"].astype(str))
        clips = [str(clip) for clip in self.training_data.val_strong]
        return torch.from_numpy(encoder.encode_split(events, clips)[..., :longest]).float()

    def add(self, outputs: Mapping[str, Output]) -> None:
        """Keep the posteriors of the next windows of the share."""
        windows = list(islice(self.waiting, len(outputs["student"][1])))
        for network, (strong, weak) in outputs.items():
            scores = strong.cpu().numpy().transpose(0, 2, 1), weak.cpu().numpy()
            for window, frames, tags in zip(windows, *scores, strict=True):
                piece = self.stitchers[network].add(window, frames, tags)
                self.strong[network][window.recording].append(piece.strong)
                if piece.weak is not None:
                    self.weak[network].append(piece.weak)

    def finish(self) -> dict[str, float]:
        """Scalars of protocol 5.7 (`val/…`), among them `val/obj_metric`; forgets the epoch."""
        n_strong, n_weak = len(self.training_data.val_strong), len(self.training_data.val_weak)
        weak_labels = self.training_data.weak_labels[self.training_data.val_weak].cpu().float()
        scalars: dict[str, float] = {}
        for network in NETWORKS:
            strong, weak = self._gathered(network)
            scalars |= self._strong(network, strong[:n_strong], weak)
            if len(weak_labels):
                tags = torch.from_numpy(np.stack(weak[n_strong : n_strong + n_weak]))
                scalars |= self._weak(network, tags, weak_labels)
            if len(self.training_data.val_soft):
                scalars[f"val/soft/{network}/segment_best_F1"] = seconds_f1(
                    self.soft_truth,
                    strong[n_strong + n_weak :],
                    frame_seconds=self.grid.frame_seconds,
                    median_window=self.config.median_window,
                )
        self._forget()
        chosen = selection(self.training_data.system).items()
        scalars["val/obj_metric"] = sum(weight * scalars[name] for name, weight in chosen)
        return scalars

    def thresholds(self) -> dict[str, dict[str, float]]:
        """Each network's threshold of each class with the best F1; forgets the epoch."""
        n_strong, best = len(self.training_data.val_strong), {}
        for network in NETWORKS:
            strong, weak = self._gathered(network)
            best[network] = best_thresholds(
                self._filtered(self._padded(strong[:n_strong]), weak),
                self.truth,
                frame_seconds=self.grid.frame_seconds,
                n_frames=self.n_frames,
                kind=self.config.obj_metric_synth_type,
            )
        self._forget()
        return best

    def _gathered(self, network: str) -> tuple[list[Scores], list[Scores]]:
        """Posteriors of all clips, from all processes; process r of n had clips r, r + n, …"""
        own = [np.concatenate(pieces) for pieces in self.strong[network]], self.weak[network]
        if not torch.distributed.is_initialized():
            return own
        shares = [own] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(shares, own)
        strong, weak = ([kind[0]] * sum(len(s) for s, _ in shares) for kind in own)
        for rank, share in enumerate(shares):
            strong[rank :: len(shares)], weak[rank :: len(shares)] = share
        return strong, weak

    def _weak(self, network: str, weak: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
        threshold = self.config.val_threshold
        return {
            f"val/weak/{network}/loss_weak": functional.binary_cross_entropy(weak, labels).item(),
            f"val/weak/{network}/macro_F1": tagging_f1(
                weak.numpy(),
                labels.numpy(),
                threshold=threshold,
                convention=self.config.f1_convention,
            ).macro,
        }

    def _padded(self, strong: list[Scores]) -> Scores:
        """(N, T, C) scores of the strongly labelled clips, zero behind each clip's end."""
        labels = self.labels
        scores = np.zeros((len(strong), labels.shape[2], labels.shape[1]), np.float32)
        for row, frames in zip(scores, strong, strict=True):
            row[: len(frames)] = frames
        return scores

    def _filtered(self, scores: Scores, weak: list[Scores]) -> Scores:
        if self.config.weak_mask:
            scores = masked(scores, np.stack(weak[: len(scores)]))
        return median_filter(scores, self.config.median_window, self.n_frames)

    def _strong(self, network: str, strong: list[Scores], weak: list[Scores]) -> dict[str, float]:
        labels, truth, scores = self.labels, self.truth, self._padded(strong)
        filtered = self._filtered(scores, weak)
        events = decode(
            filtered,
            self.config.val_threshold,
            frame_seconds=self.grid.frame_seconds,
            n_frames=self.n_frames,
        )
        convention = self.config.f1_convention
        posteriors = torch.from_numpy(scores.transpose(0, 2, 1).copy())
        real = torch.arange(labels.shape[2]) < torch.from_numpy(self.n_frames)[:, None, None]
        real = real.expand_as(labels)
        loss = functional.binary_cross_entropy(posteriors[real], labels[real]).item()
        measure = OBJECTIVES[self.config.objective].measure
        if network != self.config.judged_network or measure is None:
            further = {}
        else:
            further = measure(self._judged(filtered))
        return {
            f"val/synth/{network}/loss_strong": loss,
            f"val/synth/{network}/intersection_f1_macro": intersection_f1(
                events, truth, convention=convention
            ).macro,
            f"val/synth/{network}/event_f1_macro": collar_f1(
                events, truth, convention=convention
            ).macro,
            **{f"val/synth/{network}/{name}": value for name, value in further.items()},
        }

    def _judged(self, filtered: Scores) -> Judged:
        """For objectives that measure themselves: a recording lasts as long as it does."""
        seconds = self.training_data.audio.lengths[self.training_data.val_strong]
        truth = replace(self.truth, durations=seconds / self.grid.sample_rate)
        return Judged(filtered, self.n_frames, self.grid.frame_seconds, truth)
