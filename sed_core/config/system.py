"""A system's configuration as typed, read-only objects.

Keys are declared here, as fields. The workflow merges `defaults` with a system's overrides, checks
the result and writes `system.json`; everything after reads that file. Section and key names
follow the YAML of the 2022 recipe where it has them.
"""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from sed_core.config import registries
from sed_core.config.augmentations import mixes_into_encoder
from sed_core.config.batch_parts import STRONG_PART
from sed_core.config.data_sections import JUDGING, Data
from sed_core.config.embedding_kinds import FUSIONS, STORED
from sed_core.config.key import (
    FRAMES_BY_CLASS,
    F1Convention,
    Precision,
    defaults_of,
    key,
    section,
)
from sed_core.config.network_sections import time_pooling
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest_json, read_json


@dataclass(frozen=True)
class Dataset:
    """What the audio and its labels look like."""

    name: str
    classes: list[str]
    clip_seconds: float
    sample_rate: int
    resampler: str


@dataclass(frozen=True)
class Feats:
    """Log-mel settings; lengths in samples, frequencies in Hz."""

    n_window: int = key(2048, minimum=16, multipleOf=2)
    """STFT and window length in samples, an even number."""
    hop_length: int = key(256, minimum=1)
    """Samples from one feature frame to the next."""
    n_mels: int = key(128, minimum=1)
    """Mel bands."""
    f_min: float = key(0, minimum=0)
    """Hz."""
    f_max: float = key(8000, exclusiveMinimum=0)
    """Hz."""
    peak_level: bool = key(False)
    """true: each clip is first divided by its largest magnitude, as in FDY-SED."""


@dataclass(frozen=True)
class ScalerConfig:
    """Feature normalisation."""

    statistic: Literal["instance", "dataset", "none"] = key("instance")
    """Range or moments of each clip, or of the training clips."""
    normtype: Literal["minmax", "standard", "mean"] = key("minmax")
    """To 0 to 1; to mean 0 and deviation 1; to mean 0."""
    dims: list[Literal[0, 1, 2]] = key([1, 2], minItems=1, uniqueItems=True)
    """Axes that the statistic is taken over: 1 frequency, 2 time; 0 the batch, as in FDY-SED, whose
    scores depend on what is predicted together."""
    range: list[float] = key([0, 1], minItems=2, maxItems=2)
    """What instance minmax stretches to: 0 to 1 as in 2022 and 2023; -1 to 1 in 2024."""
    min_range_db: float | None = key(None, exclusiveMinimum=0)
    """Smallest range that instance minmax stretches to 0 to 1, so that noise alone is not made as
    large as events; 80 silences it and costs scores (docs/mini.md); null: any, as in 2022."""


@dataclass(frozen=True)
class Pretrained:
    """The pretrained network whose embeddings are fused, if any.

    `network` is the registered name of the entry's network, `options` what is changed in it; both
    come from the entry of `embeddings`.
    """

    network: str | None
    options: dict[str, Any]
    model: str | None = key(None)
    """The entry of `embeddings` that is fused with the CNN (ast, beats, panns, yamnet, …); null:
    none."""
    kind: str = key("frame", enum=[*FUSIONS])
    """frame and global as in 2022; aligned in time; pool1d and interpolate as in 2023 (not AST);
    mean of tokens (not PANNs)."""
    e2e: bool = key(False)
    """true: the network runs inside the system instead of once beforehand."""
    freezed: bool = key(True)
    """The reference's word for frozen; with e2e, false trains it along."""
    own_teacher: bool = key(False)
    """true: the teacher hears through an average of the network that is trained along, as in
    ATST-SED; false: student and teacher share one, as in 2022. A second ATST-Frame takes 0.34 GB,
    and its forward pass."""
    mixup: bool = key(False)
    """true: mix the embeddings too (2022 mixes audio and labels only)."""
    augment: list[dict[str, Any]] = key([], items={"required": ["name"]})
    """Augmentations of what the network hears, behind its own front end, with e2e; entries like
    those of training.augment, which act first."""

    @property
    def stored(self) -> str:
        """The kind that is extracted and read."""
        return STORED[self.kind]


@dataclass(frozen=True)
class Training:
    """The mean-teacher schedule."""

    batch_size: list[int] = key([12, 12, 24], items={"minimum": 0}, minItems=3, maxItems=3)
    """Strong, weak, unlabelled; 0 where `data` names none."""
    strong_parts: list[dict[str, Any]] = key([], items=STRONG_PART)
    """How the strong share of a batch is divided: each part has its own `splits` of data.strong and
    number of `clips`, whose sum is that share; [] for all of data.strong together. Consistency is
    not asked of parts with `consistency: false`, which come first."""
    batch_size_val: int = key(24, minimum=1)
    """In validation."""
    n_epochs: int = key(200, minimum=1)
    """At most."""
    n_epochs_warmup: int = key(50, minimum=0)
    """Epochs over which the consistency grows, and in most schedules the learning rate."""
    steps_per_epoch: int | None = key(None, minimum=1)
    """null: until the smallest set is used up, as in 2022 (118 on DESED)."""
    const_max: float = key(2.0, minimum=0)
    """Final weight of the consistency loss."""
    weak_consistency: float = key(1.0, minimum=0)
    """Weight of the clips' consistency beside the frames'; 0.5 in ATST-SED."""
    interpolation_weight: float = key(1.0, minimum=0)
    """Of the consistency in steps whose mixup has `consistency: interpolated`; 0.125 in
    ATST-SED."""
    ema_factor: float = key(0.999, minimum=0, exclusiveMaximum=1)
    """How much of itself the teacher keeps in a step."""
    ema_warmup: bool = key(True)
    """true: early on the teacher is the mean of all students so far, as in 2022; false: it keeps
    ema_factor from the first step on, as in stage 2 of ATST-SED."""
    ema_update: Literal["before", "after"] = key("before")
    """When the teacher follows: before the student's update (2022), or after it (FDY-SED)."""
    loss: dict[str, Any] = key({"name": "bce"}, required=["name"])
    """The supervised loss: its `name` and options; see docs/add-an-augmentation.md."""
    weak_loss_weight: float = key(1.0, minimum=0)
    """Of the weak clips' loss; 0.5 in FDY-SED."""
    self_sup_loss: str = key("mse", enum=[*registries.names(registries.LOSSES, "CONSISTENCY")])
    """The consistency loss."""
    mixup: Literal["soft", "hard"] | None = key("soft")
    """How labels of mixed clips are mixed; null: no mixup."""
    augment: list[dict[str, Any]] = key([], items={"required": ["name"]})
    """Further augmentations in their order, each with its `name` and options; see
    docs/add-an-augmentation.md."""
    accumulate_batches: int = key(1, minimum=1)
    """Batches of one step."""
    gradient_clip: float = key(0.0, minimum=0)
    """Largest norm of the gradient; 0 = off."""
    early_stop_patience: int = key(200, minimum=1)
    """Validations without a better network that end the training."""
    validation_interval: int = key(1, minimum=1)
    """In epochs."""
    validation_batches: int | None = key(None, minimum=1)
    """null: all clips; n: so many batches of strongly and of weakly labelled ones."""
    median_window: int | list[int] = key(7, **FRAMES_BY_CLASS)
    """Frames, one number or a list by class: in validation, and wherever the model is used."""
    weak_mask: bool = key(False)
    """As in `scoring`, in validation, and wherever the model is used."""
    val_threshold: float = key(0.5, exclusiveMinimum=0, exclusiveMaximum=1)
    """Of the F1 in validation."""
    obj_metric_synth_type: Literal["intersection", "event"] = key("intersection")
    """The F1 of strongly labelled clips that counts: for the objective f1, and for thresholds."""
    objective: str = key("f1", enum=[*registries.names(registries.OBJECTIVES, "OBJECTIVES")])
    """What selects the networks: f1 of weak clips and of events, as the baselines; psds, PSDS1 +
    PSDS2 of strongly labelled clips (ATST-SED, stage 2); psds1_class_mean (RealDESED); the smallest
    loss (ATST-SED, stage 1)."""
    judged_network: Literal["student", "teacher"] = key("student")
    """Whose objective counts; teacher in ATST-SED."""
    selection: Literal["best", "last"] = key("best")
    """Networks that are kept: those of the best validation, or of the last one, as FDY-SED's code
    does."""
    f1_convention: F1Convention = key("dcase2022")
    """dcase2022: a class without a hit leaves the mean; sed_scores_eval: it counts as 0."""
    precision: Precision = key("32-true")
    """16-mixed on a GPU only."""
    resume_from: str | None = key(None, minLength=1)
    """A last.ckpt to go on from (optimiser, position), or networks to start from."""
    start_from: str | None = key(None)
    """A system whose networks of the same seed this one starts from; it is trained first."""


@dataclass(frozen=True)
class Opt:
    """The optimiser and its learning rate."""

    optimizer: str = key("adam", enum=[*registries.names(registries.OPTIMIZERS, "OPTIMIZERS")])
    """adam, or adamw, whose weight decay is apart from the gradient (RealDESED)."""
    weight_decay: float = key(0.0, minimum=0)
    """Of all weights that learn; 0.001 in RealDESED."""
    lr: float = key(0.001, exclusiveMinimum=0)
    """Learning rate after the warm-up."""
    schedule: dict[str, Any] = key({"name": "dcase2022"}, required=["name"])
    """The course of the learning rate: its `name` and options; see docs/add-an-augmentation.md."""
    cnn_lr: float | None = key(None, exclusiveMinimum=0)
    """That of the CNN; null: lr."""
    encoder_lr: float | None = key(None, exclusiveMinimum=0)
    """That of the last layer of a pretrained network that is trained along; null: lr."""
    encoder_decay: float = key(1.0, exclusiveMinimum=0, maximum=1)
    """From a layer of it to the one before: 0.5 in ATST-SED."""


@dataclass(frozen=True)
class Stitching:
    """How windows follow each other over recordings beyond a clip, and how their scores join."""

    join: str = key("centre", enum=[*registries.names(registries.JOINS, "JOINS")])
    """A frame is that of the window in whose centre it lies, or the weighted mean of logits, or the
    maximum."""
    hop: float = key(0.5, exclusiveMinimum=0, maximum=1)
    """From a window to the next, as a share of a window; for embeddings in files always 0.5."""


BEFORE_KEYS: dict[str, dict[str, Any]] = {
    "dataset": {"resampler": "soxr_hq"},
    "data": {
        "annotated": {},
        "overlaps": "highest",
        "soft_labels": {},
        "validation_soft": None,
        "windows": "per_recording",
    },
    "feats": {"peak_level": False},
    "scaler": {"min_range_db": None, "range": [0, 1]},
    "pretrained": {"options": {}, "augment": [], "own_teacher": False},
    "training": {
        "augment": [],
        "ema_update": "before",
        "ema_warmup": True,
        "loss": {"name": "bce"},
        "interpolation_weight": 1.0,
        "judged_network": "student",
        "objective": "f1",
        "selection": "best",
        "start_from": None,
        "strong_parts": [],
        "weak_consistency": 1.0,
        "weak_loss_weight": 1.0,
        "weak_mask": False,
    },
    "opt": defaults_of(Opt),
}
"""What sections meant before they had these keys; models of then do not have them."""


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
        """Feature frames per output frame, as the network states it."""
        return time_pooling(self.net)

    @property
    def reads_embeddings(self) -> bool:
        """Whether embeddings come from files, made beforehand of every clip's windows."""
        return self.pretrained.model is not None and not self.pretrained.e2e

    @property
    def augments_encoder(self) -> bool:
        """Whether clips are changed on their way into a pretrained network inside."""
        return mixes_into_encoder(self.training.augment) or bool(self.pretrained.augment)

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
        value = {"stitching": defaults_of(Stitching), **value}  # models of before have none
        for field in fields(cls):
            if field.name not in value:
                raise SedError(f"the system configuration lacks '{field.name}'.")
            kind = field.type
            given = value[field.name]
            if field.name in BEFORE_KEYS:
                given = {**BEFORE_KEYS[field.name], **given}
            if field.name == "pretrained":  # then an entry of `embeddings` was its network
                given = {"network": given.get("model"), **given}
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
