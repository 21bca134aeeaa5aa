"""One training as a job: what it reads, and what its result comes from."""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import torch

from sed_core.config.system import System
from sed_core.data.corpus import Corpus
from sed_core.data.layout import PreparedData
from sed_core.data.manifest import check_coverage
from sed_core.features.embeddings.embedding_file import EmbeddingFile
from sed_core.models.native.library import kernels
from sed_core.runtime.code_version import code_files, code_version, entries_of
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest, digest_json, read_json
from sed_core.runtime.provenance import hardware, packages
from sed_core.training.validation import selection

SCRIPT = "workflow_scripts/train.py"


@dataclass(frozen=True)
class TrainingJob:
    """A system, its data, a seed.

    Attributes:
        system: configuration.
        data: prepared data (`manifests`, `audio16k`, `truth`).
        seed: of weights, order, dropout, mixup and, unless fixed, the weak split.
        checkpoints: folder of this system and seed; a subfolder per fingerprint.
        devices: processes that share each batch, with a GPU each where there are GPUs.
        min_coverage: share of each split's clips that must be present; no part of what is trained.
        start: networks of `training.start_from`, or what `training.resume_from` names.
        pseudo_labels: folder of the labels that `data.pseudo_from` made.
    """

    system: System
    data: Path
    seed: int
    checkpoints: Path
    devices: int = 1
    min_coverage: float = 0.0
    start: Path | None = None
    pseudo_labels: Path | None = None

    @property
    def prepared(self) -> PreparedData:
        """Paths of the prepared data."""
        return PreparedData(self.data, self.pseudo_labels)

    @property
    def splits(self) -> list[str]:
        """The splits that training reads, sorted."""
        return sorted(self.system.data.splits)

    def coverage(self) -> dict[str, dict[str, int]]:
        """Clips present and expected in each split.

        Raises:
            SedError: fewer than `min_coverage`.
        """
        return {
            split: check_coverage(self.prepared.manifest(split), minimum=self.min_coverage)
            for split in self.splits
        }

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Digest of everything that training reads."""
        found = {}
        for split in self.splits:
            corpus = Corpus.open(self.prepared.audio(split))
            found[f"audio16k/{split}"] = digest_json([corpus.filenames, corpus.digests])
            found[f"truth/{split}"] = digest(self.prepared.ground_truth(split))
            soft = self.system.data.soft_labels.get(split)
            if soft is not None:
                found[f"labels/{split}"] = digest(self.prepared.training_labels(split, soft))
            if self.system.reads_embeddings:
                file = EmbeddingFile.open(self.prepared.embeddings(self.system.pretrained, split))
                found[f"embeddings/{split}"] = digest_json(file.provenance)
        if self.system.pretrained.e2e:
            found["weights"] = read_json(self.prepared.weights_receipt(self.system.pretrained))[
                "digest"
            ]
        if self.given is not None:
            found["resume_from"] = digest(self.given)
        return found

    @property
    def given(self) -> Path | None:
        """The file that training starts from, if any.

        Raises:
            SedError: the system starts from another's networks, and no file of these is given.
        """
        training = self.system.training
        if self.start is None and training.start_from:
            raise SedError(
                f"{self.system.name} starts from the networks of {training.start_from}; give their "
                "model.pt with --start."
            )
        named = training.resume_from
        return self.start or (Path(named) if named else None)

    def made_of(self) -> dict[str, object]:
        """What decides the weights, as it was when this was first asked for: before training."""
        _ = self._code
        return self._made_of

    @cached_property
    def _made_of(self) -> dict[str, object]:
        return {
            "config_hash": self.system.config_hash,
            "code_version": code_version(SCRIPT, entries=self._entries),
            "inputs": self.inputs,
            "seed": self.seed,
            "packages": packages(),
            "kernels": "torch" if torch.cuda.is_available() else kernels(),
        }

    @property
    def _entries(self) -> set[str]:
        return entries_of(asdict(self.system))

    @cached_property
    def _code(self) -> dict[str, str]:
        return code_files(SCRIPT, entries=self._entries)

    def provenance(self) -> dict[str, object]:
        """What decides the weights, what was there of the data, and where it ran."""
        return {
            **self.made_of(),
            "code": self._code,
            "pretrained": self.pretrained(),
            "selected_by": [*selection(self.system)],
            "coverage": self.coverage(),
            "hardware": hardware(),
        }

    def pretrained(self) -> dict[str, str]:
        """What there is to say of the pretrained network; nothing where the system has none."""
        chosen = self.system.pretrained
        if chosen.model is None:
            return {}
        if chosen.e2e:
            receipt = read_json(self.prepared.weights_receipt(chosen))
            note, weights = "", receipt["digest"]
        else:
            split = self.system.data.validation
            file = EmbeddingFile.open(self.prepared.embeddings(chosen, split))
            note, weights = file.provenance.get("note", ""), file.provenance["weights"]
        return {"model": chosen.model, "kind": chosen.kind, "note": note, "weights": weights}

    @property
    def checkpoint(self) -> Path:
        """The checkpoint of exactly this configuration, code, data and seed; no other resumes."""
        return self.checkpoints / digest_json(self.made_of())[:12] / "last.ckpt"
