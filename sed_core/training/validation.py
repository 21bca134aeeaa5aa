"""Validation of an epoch: losses, F1 scores, and the objective that selects the model."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from sed_core.config.system import System
from sed_core.data.labels import clean_events
from sed_core.scoring.collar import collar_f1
from sed_core.scoring.decode import decode, median_filter
from sed_core.scoring.events import make_events
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import intersection_f1
from sed_core.scoring.tagging import tagging_f1
from sed_core.training.losses import Output
from sed_core.training.training_data import TrainingData

NETWORKS = ("student", "teacher")
OBJECTIVES = {"intersection": "intersection_f1_macro", "event": "event_f1_macro"}


def selection(system: System) -> list[str]:
    """The scalars whose sum selects the network; without weak clips, the F1 of events alone."""
    events = f"val/synth/student/{OBJECTIVES[system.training.obj_metric_synth_type]}"
    return [events] if system.data.weak is None else ["val/weak/student/macro_F1", events]


class Validation:
    """Collects the posteriors of an epoch and scores them.

    Memory: posteriors of both networks on the validation clips, 4 bytes each (31 MB for the
    2,658 clips of DESED).
    """

    def __init__(self, training_data: TrainingData) -> None:
        self.training_data = training_data
        self.grid = training_data.encoder.grid
        self.config = training_data.system.training
        self.outputs: list[Mapping[str, Output]] = []

    def _truth(self) -> GroundTruth:
        """The events of the validation clips, in those that are cut as cut in this epoch.

        The others keep all of theirs: an event beyond the end counts as missed, as in 2022.
        """
        training_data, clips = self.training_data, self.training_data.val_strong
        known = {"clip": pd.Index(clips), "event_label": pd.Index(training_data.encoder.classes)}
        events = training_data.events[training_data.events["clip"].isin(clips)]
        is_cut = training_data.surplus[events["clip"]] > 0
        start = training_data.seconds(events.loc[is_cut, "clip"].to_numpy())
        seconds = self.grid.clip_seconds
        cut = clean_events(events[is_cut], clip_seconds=seconds, start=start)
        events = pd.concat([events[~is_cut], cut])
        clip, label = (
            index.get_indexer(pd.Index(events[column])) for column, index in known.items()
        )
        return GroundTruth(
            filenames=[training_data.names[number] for number in clips],
            durations=np.full(len(clips), float(self.grid.clip_seconds)),
            classes=list(training_data.encoder.classes),
            events=make_events(clip, label, events["onset"], events["offset"]),
        )

    def add(self, outputs: Mapping[str, Output]) -> None:
        """Keep the posteriors of one batch."""
        self.outputs.append({name: (s.cpu(), w.cpu()) for name, (s, w) in outputs.items()})

    def finish(self) -> dict[str, float]:
        """Scalars of protocol 5.7 (`val/…`), among them `val/obj_metric`; forgets the epoch."""
        n_strong = len(self.training_data.val_strong)
        labels = self.training_data.labels[self.training_data.val_strong].cpu().float()
        weak_labels = self.training_data.weak_labels[self.training_data.val_weak].cpu().float()
        truth = self._truth()
        scalars: dict[str, float] = {}
        for network in NETWORKS:
            strong, weak = self._gathered(network)
            scalars |= self._strong(network, strong[:n_strong], labels, truth)
            if len(weak_labels):
                scalars |= self._weak(network, weak[n_strong:], weak_labels)
        self.outputs.clear()
        chosen = selection(self.training_data.system)
        scalars["val/obj_metric"] = sum(scalars[name] for name in chosen)
        return scalars

    def _gathered(self, network: str) -> Output:
        """Posteriors of all clips, from all processes; process r of n had clips r, r + n, …"""
        own = tuple(torch.cat([batch[network][i] for batch in self.outputs]) for i in (0, 1))
        if not torch.distributed.is_initialized():
            return own[0], own[1]
        shares: list[Output] = [own] * torch.distributed.get_world_size()  # type: ignore[list-item]
        torch.distributed.all_gather_object(shares, own)
        n_clips = sum(len(share[0]) for share in shares)
        strong, weak = (kind.new_empty(n_clips, *kind.shape[1:]) for kind in own)
        for rank, share in enumerate(shares):
            strong[rank :: len(shares)], weak[rank :: len(shares)] = share
        return strong, weak

    def _weak(self, network: str, weak: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
        threshold = self.config.val_threshold
        return {
            f"val/weak/{network}/loss_weak": functional.binary_cross_entropy(weak, labels).item(),
            f"val/weak/{network}/macro_F1": tagging_f1(
                weak.numpy(), labels.numpy(), threshold=threshold
            ).macro,
        }

    def _strong(
        self, network: str, strong: torch.Tensor, labels: torch.Tensor, truth: GroundTruth
    ) -> dict[str, float]:
        scores = np.ascontiguousarray(strong.numpy().transpose(0, 2, 1))
        events = decode(
            median_filter(scores, self.config.median_window),
            self.config.val_threshold,
            frame_seconds=self.grid.frame_seconds,
        )
        convention = self.config.f1_convention
        loss = functional.binary_cross_entropy(strong, labels).item()
        return {
            f"val/synth/{network}/loss_strong": loss,
            f"val/synth/{network}/intersection_f1_macro": intersection_f1(
                events, truth, convention=convention
            ).macro,
            f"val/synth/{network}/event_f1_macro": collar_f1(
                events, truth, convention=convention
            ).macro,
        }
