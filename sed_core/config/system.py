"""A system's configuration as typed, read-only objects.

The workflow merges `defaults` with a system's overrides, checks the result against
`schemas/config.schema.yaml` and writes `system.json`; everything after reads that file. Section
and key names follow the YAML of the 2022 recipe where it has them.
"""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from sed_core.config.embedding_kinds import STORED
from sed_core.config.sections import section
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest_json, read_json

JUDGING = ("test", "eval", "min_coverage")
"""Keys of the configuration's section `data` that training does not read."""


@dataclass(frozen=True)
class Dataset:
    """What the audio and its labels look like."""

    name: str
    classes: list[str]
    clip_seconds: float
    sample_rate: int
    resampler: str


@dataclass(frozen=True)
class Data:
    """Which splits play which part in training; a part may be absent by choice."""

    strong: list[str]
    weak: str | None
    unlabelled: str | None
    validation: str
    weak_split: float
    split_seed: int | None
    crop: str

    @property
    def splits(self) -> list[str]:
        """The splits that training reads, each once."""
        named = [*self.strong, self.weak, self.unlabelled, self.validation]
        return list(dict.fromkeys(split for split in named if split is not None))


@dataclass(frozen=True)
class Feats:
    """Log-mel settings; lengths in samples, frequencies in Hz."""

    n_window: int
    hop_length: int
    n_mels: int
    f_min: float
    f_max: float


@dataclass(frozen=True)
class ScalerConfig:
    """Feature normalisation."""

    statistic: str
    normtype: str
    dims: list[int]


@dataclass(frozen=True)
class Pretrained:
    """The pretrained network whose embeddings are fused; `model` is None where there is none.

    `model` is its entry in `embeddings`, which says the registered `network` and its `options`.
    """

    model: str | None
    network: str | None
    options: dict[str, Any]
    kind: str
    e2e: bool
    freezed: bool
    mixup: bool

    @property
    def stored(self) -> str:
        """The kind that is extracted and read."""
        return STORED[self.kind]


@dataclass(frozen=True)
class Training:
    """The mean-teacher schedule."""

    batch_size: list[int]
    batch_size_val: int
    n_epochs: int
    n_epochs_warmup: int
    steps_per_epoch: int | None
    const_max: float
    ema_factor: float
    self_sup_loss: str
    mixup: str | None
    accumulate_batches: int
    gradient_clip: float
    early_stop_patience: int
    validation_interval: int
    validation_batches: int | None
    median_window: int
    val_threshold: float
    obj_metric_synth_type: str
    f1_convention: str
    precision: str
    resume_from: str | None


@dataclass(frozen=True)
class Opt:
    """Adam's learning rate."""

    lr: float


@dataclass(frozen=True)
class Stitching:
    """How windows follow each other over recordings beyond a clip, and how their scores join."""

    join: str = "centre"
    hop: float = 0.5


@dataclass(frozen=True)
class System:
    """One complete system: everything that decides what training does."""

    name: str
    dataset: Dataset
    data: Data
    feats: Feats
    scaler: ScalerConfig
    net: dict[str, Any]
    pretrained: Pretrained
    training: Training
    opt: Opt
    stitching: Stitching

    @property
    def pooling(self) -> int:
        """Feature frames per output frame (product of the pooling strides over time)."""
        factor = 1
        for time, _ in self.net["pooling"]:
            factor *= time
        return factor

    @property
    def reads_embeddings(self) -> bool:
        """Whether embeddings come from files, made beforehand of every clip's beginning."""
        return self.pretrained.model is not None and not self.pretrained.e2e

    @property
    def crop(self) -> str:
        """Where clips beyond the clip length are cut: `random`, or `start`."""
        return "start" if self.reads_embeddings else self.data.crop

    @property
    def config_hash(self) -> str:
        """Digest of the configuration, independent of key order."""
        return digest_json(asdict(self))

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> "System":
        """Build from the content of `system.json`.

        Raises:
            SedError: a section lacks a key or has one that does not exist.
        """
        sections: dict[str, Any] = {}
        value = {"stitching": asdict(Stitching()), **value}  # models of before have none
        for field in fields(cls):
            if field.name not in value:
                raise SedError(f"the system configuration lacks '{field.name}'.")
            kind = field.type
            given = value[field.name]
            if field.name == "dataset":  # those of 0.1.0 do not say how they were resampled
                given = {"resampler": "soxr_hq", **given}
            if field.name == "pretrained":  # those of 0.1.0 have no entries beside their networks
                given = {"network": given.get("model"), "options": {}, **given}
            if field.name == "data":  # models of 0.1.0 have what is no part of training, too
                given = {key: item for key, item in given.items() if key not in JUDGING}
            sections[field.name] = section(
                kind, given, f"section '{field.name}' of the system configuration"
            )
        return cls(**sections)

    @classmethod
    def read(cls, path: str | Path) -> "System":
        """Read `system.json`."""
        return cls.from_dict(read_json(path))
