"""Frame posteriors of a trained system on a split."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from sed_core.config.system import System
from sed_core.data.corpus import Corpus
from sed_core.data.labels import FrameGrid
from sed_core.features.embeddings.resident_embeddings import ResidentEmbeddings
from sed_core.features.frontend import FrontEnd
from sed_core.features.safe_load import reason
from sed_core.inference.stitching import JOINS, Stitcher
from sed_core.inference.windows import Windows
from sed_core.models.checkpoint import Checkpoint
from sed_core.models.complexity import complexity
from sed_core.runtime.errors import SedError
from sed_core.runtime.progress import progress
from sed_core.scoring.score_file import FalseAlarms, score_writer

if TYPE_CHECKING:
    from sed_core.features.embeddings.encoder import Encoder
    from sed_core.models.end_to_end import EndToEnd

LONGEST_CLIP, HIGHEST_RATE, WIDEST_RANGE = 3600.0, 1_000_000, 1000.0
BATCH_SECONDS = 240.0
"""Sound that is in the networks at a time; 24 clips of 10 s, as in 2022."""


@dataclass(frozen=True)
class Predictor:
    """Student and teacher of a checkpoint behind the front end they were trained with.

    Attributes:
        pretrained: the network inside whose embeddings they fuse, if any.
        teacher_pretrained: the teacher's, where it has its own.
    """

    system: System
    front: FrontEnd
    networks: dict[str, torch.nn.Module]
    device: torch.device
    pretrained: "EndToEnd | None" = None
    thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    teacher_pretrained: "EndToEnd | None" = None

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, device: torch.device) -> "Predictor":
        """Put a checkpoint's networks on a device, in evaluation mode.

        Raises:
            SedError: what the checkpoint holds does not go together.
        """
        try:
            system = System.from_dict(checkpoint.system)
            _check_sizes(system)
            front = FrontEnd(system)
            front.scaler.load_state_dict(checkpoint.scaler)
            networks = checkpoint.networks()
            encoders = checkpoint.encoder, checkpoint.teacher_encoder
            inside = [_inside(system, encoder, device) for encoder in encoders]
        except SedError:
            raise
        except Exception as error:  # a foreign configuration may cause any
            raise SedError(
                f"what {checkpoint.source} holds does not go together ({reason(error)}); get the "
                "file again."
            ) from error
        if system.pretrained.own_teacher and not checkpoint.teacher_encoder:
            raise SedError(
                f"{checkpoint.source} lacks the pretrained network of its teacher "
                "(teacher_encoder); get the file again."
            )
        networks = {name: net.to(device) for name, net in networks.items()}
        front = front.to(device).eval()
        return cls(system, front, networks, device, inside[0], checkpoint.thresholds, inside[1])

    def with_encoder(self, encoder: "Encoder") -> "Predictor":
        """The same, with a network inside that computes the embeddings which it reads."""
        from sed_core.models.end_to_end import EndToEnd

        inside = EndToEnd(encoder, self.system).to(self.device).eval()
        return replace(self, pretrained=inside)

    def inside(self, network: str) -> "EndToEnd | None":
        """The pretrained network through which the student, or the teacher, hears."""
        own = self.teacher_pretrained if network == "teacher" else None
        return own or self.pretrained

    @property
    def batch_size(self) -> int:
        """Clips at a time unless told otherwise: as many as validation takes.

        That fits the memory on which the network was trained; elsewhere, no more than four minutes
        of sound keep long clips small.
        """
        seconds = self.system.dataset.clip_seconds
        return max(1, min(self.system.training.batch_size_val, int(BATCH_SECONDS / seconds)))

    @torch.inference_mode()
    def __call__(
        self,
        waveforms: torch.Tensor,
        embeddings: torch.Tensor | None = None,
        *,
        only: str | None = None,
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Posteriors of a batch.

        Args:
            waveforms: (B, S).
            embeddings: of the clips, where the system reads them from files.
            only: the network that is asked; None: both.

        Returns:
            Strong (B, T, C) and weak (B, C) float32 posteriors per network.
        """
        precision = self.system.training.precision
        dtype = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}.get(precision)
        inputs = self.front(waveforms)
        found = {}
        # Mostly both networks hear through the same pretrained one.
        told: dict[EndToEnd | None, torch.Tensor | None] = {None: embeddings}
        with torch.autocast(self.device.type, dtype=dtype, enabled=dtype is not None):
            for name in [only] if only else self.networks:
                inside = self.inside(name)
                if inside is not None and inside not in told:
                    told[inside] = inside(waveforms)
                strong, weak = self.networks[name](inputs, told[inside])
                found[name] = (
                    strong.float().transpose(1, 2).cpu().numpy(),
                    weak.float().cpu().numpy(),
                )
        return found

    @torch.inference_mode()
    def size(
        self, waveforms: torch.Tensor, embeddings: torch.Tensor | None = None
    ) -> dict[str, dict[str, int]]:
        """Parameters and multiply-accumulates for a clip: of one network, of an encoder inside.

        Args:
            waveforms: (1, S).
            embeddings: of the clip, where the system reads them from files.
        """
        sizes = {}
        if self.pretrained is not None:
            sizes["encoder"] = complexity(self.pretrained.encoder, waveforms).as_dict()
            embeddings = self.pretrained(waveforms)
        network = next(iter(self.networks.values()))
        return {"system": complexity(network, self.front(waveforms), embeddings).as_dict(), **sizes}


def _inside(
    system: System, encoder: Mapping[str, torch.Tensor], device: torch.device
) -> "EndToEnd | None":
    if not encoder:
        return None  # nor is any code of pretrained networks needed
    from sed_core.models.end_to_end import EndToEnd

    return EndToEnd.from_state(system, encoder).to(device).eval()


def _check_sizes(system: System) -> None:
    """Refuse a configuration of foreign origin that would take all memory, or fail only later."""
    feats, data = system.feats, system.dataset
    sizes = {
        "dataset.clip_seconds": (data.clip_seconds, LONGEST_CLIP),
        "dataset.sample_rate": (data.sample_rate, HIGHEST_RATE),
        "feats.n_window": (feats.n_window, HIGHEST_RATE),
        "feats.hop_length": (feats.hop_length, feats.n_window),
        "feats.n_mels": (feats.n_mels, feats.n_window),
        "stitching.hop": (system.stitching.hop, 1.0),
    }
    if system.scaler.min_range_db is not None:
        sizes["scaler.min_range_db"] = (system.scaler.min_range_db, WIDEST_RANGE)
    for key, (value, most) in sizes.items():
        if not 0 < value <= most:
            raise SedError(
                f"the configuration inside the checkpoint has {key} {value:g}, which is not "
                f"between 0 and {most:g}; get the file again."
            )
    if system.stitching.join not in JOINS:
        raise SedError(
            "the configuration inside the checkpoint has another stitching.join than "
            f"{', '.join(JOINS)}; get the file again."
        )


def predict_split(
    predictor: Predictor,
    corpus: Path,
    scores: Path,
    *,
    embeddings: Path | None = None,
    name: str,
    batch_size: int | None = None,
    false_alarms: FalseAlarms | None = None,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Write the posteriors of both networks on every clip of a corpus.

    Clips shorter than the networks' input are zero-padded; longer ones are heard whole, in windows
    (`Windows`), of which one batch is in memory; so do the embeddings in files.

    Args:
        predictor: the model.
        corpus: 16 kHz audio of the split.
        scores: HDF5 file to write.
        embeddings: of the split, where the system reads them from files.
        name: for the progress bar.
        batch_size: windows at a time; None: `Predictor.batch_size`. It decides on memory, and on
            the last bits of the scores, as kernels add up in another order (below 1e-6 in float32);
            where `scaler.dims` has 0, the batch, on the scores themselves.
        false_alarms: of the networks, kept with the scores.

    Returns:
        Waveform and embeddings of one clip, as `Predictor.size` takes them.
    """
    system = predictor.system
    grid, windows = FrameGrid.of(system), Windows.of(system)
    audio = Corpus.open(corpus)  # mapped: the system takes back the pages that have been heard
    filenames = audio.filenames
    resident = embeddings and ResidentEmbeddings(
        [embeddings],
        [filenames],
        kind=system.pretrained.kind,
        times=grid.centres,
        device=predictor.device,
    )
    if resident:
        resident.require(audio.lengths, grid.n_samples)
        wanted = system.net.get("embedding_size", resident.size)
        if resident.size != wanted:
            raise SedError(
                f"{embeddings} has vectors of {resident.size} values, but the networks of "
                f"'{system.name}' read {wanted}; name the pretrained network that they were "
                "trained with in its section 'pretrained'."
            )
    waiting = windows.split(audio.lengths)
    size = batch_size or predictor.batch_size
    if 0 in system.scaler.dims:
        print(
            f"{system.name} scales {size} windows together (scaler.dims has 0), so a clip's scores "
            "depend on those that are heard with it."
        )
    stitchers = {network: Stitcher(windows.join) for network in predictor.networks}
    with score_writer(
        scores,
        filenames=filenames,
        classes=system.dataset.classes,
        n_frames=[window.n_frames for window in waiting if window.n_frames],
        frame_seconds=grid.frame_seconds,
    ) as writer:
        if false_alarms:
            writer.put_false_alarms(false_alarms)
        for at in progress(range(0, len(waiting), size), desc=f"predict {name}", unit="batch"):
            batch = waiting[at : at + size]
            clips = [window.recording for window in batch]
            starts = [window.start for window in batch]
            cut = audio.gather(clips, grid.n_samples, starts=np.array(starts))
            waveforms = torch.from_numpy(cut).to(predictor.device)
            given = resident.gather(clips, starts) if resident else None
            # Rows of a file are written one by one in 20 times the time of a block.
            clips_only = all(not one.frame and one.n_frames == grid.n_frames for one in batch)
            for network, (strong, weak) in predictor(waveforms, given).items():
                if clips_only:
                    rows = slice(clips[0], clips[-1] + 1)
                    writer.put(network, rows, strong, weak)
                    continue
                for window, frames, tags in zip(batch, strong, weak, strict=True):
                    piece = stitchers[network].add(window, frames, tags)
                    writer.put_frames(network, *piece)
    first = torch.from_numpy(audio.gather([0], grid.n_samples)).to(predictor.device)
    return first, resident.gather([0]) if resident else None
