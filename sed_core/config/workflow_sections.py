"""The sections of `config.yaml` that neither training (`system`) nor scoring (`jobs`) is told."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sed_core.config.data_sections import DataSection
from sed_core.config.jobs import Scoring
from sed_core.config.key import FRAMES, SEED, Precision, Rules, key
from sed_core.config.network_sections import NETWORKS
from sed_core.config.search_sections import TrainingSearch
from sed_core.config.system import (
    Feats,
    Opt,
    Pretrained,
    ScalerConfig,
    Stitching,
    Training,
)

PATH: Rules = {"pattern": "^[^{}<>]+$"}
TEXT: Rules = {"minLength": 1}
NAME: Rules = {
    "type": "string",
    "pattern": "^[A-Za-z][A-Za-z0-9_]*$",
    "expected": "a name of letters, digits and _ that begins with a letter.",
}
VARIANT_NAME: Rules = {
    "pattern": "^[A-Za-z][A-Za-z0-9_-]*$",
    "expected": "a name of letters, digits, _ and - that begins with a letter.",
}
SPLIT_NAME: Rules = {
    "pattern": "^[a-z][a-z0-9_]*$",
    "expected": "a name of small letters, digits and _ that begins with a letter.",
}
VALUES: Rules = {"minItems": 1, "uniqueItems": True}


@dataclass(frozen=True)
class Pathvars:
    """Where files go; `<name>` in the rules."""

    data: str = key(**PATH)
    """Manifests, 16 kHz audio, cleaned annotations, embeddings."""
    results: str = key(**PATH)
    """Scores, tables, plots."""
    checkpoints: str = key(**PATH)
    """Where training can resume from."""
    logs: str = key(**PATH)
    """Log files and benchmarks."""


@dataclass(frozen=True)
class Compute:
    """What jobs may take of the machine."""

    gpus: int = key(1, minimum=0)
    """GPUs a training or prediction job takes; 0 = CPU only."""
    threads: int = key(8, minimum=1)
    """CPU threads of a heavy job, capped by --cores."""
    memory_gb: int = key(16, minimum=1)
    """What a training or prediction job may hold in RAM."""


@dataclass(frozen=True)
class Energy:
    """How energy is told."""

    country: str = key(
        "FRA",
        pattern="^[A-Z]{3}$",
        expected="an ISO 3166 code of three capitals, such as FRA.",
    )
    """ISO 3166 code; sets the grid factor from kWh to CO2e, not the kWh."""
    reference: str | None = key(None)
    """Energy-weighted scores compare with this system, which is run here too if it is no target;
    energy_reference is the short one; null: with the first of several targets."""


@dataclass(frozen=True)
class Synthesis:
    """What is synthesised of a split."""

    domain: Literal["synthetic", "real"] = key()
    """Which sounds and rooms."""
    clips: int = key(minimum=1)
    """How many."""


@dataclass(frozen=True)
class Split:
    """One split of a data set."""

    audio: str = key(**TEXT)
    """Folder of audio files below `root`."""
    annotations: str = key(optional=True, **TEXT)
    """Table below `root`: with tabs, or with commas where its name ends in .csv; or a folder with a
    text file for each clip."""
    metadata: str = key(optional=True, **TEXT)
    """Table below `root`, or `./…` below the workflow's folder, with a row, by `filename`, for
    every clip that counts."""
    labels: Literal["strong", "weak", "none"] = key()
    """What the annotations say: events with times, classes of a clip, nothing."""
    soft_labels: Literal["confidence", "annotators"] = key(optional=True)
    """Labels between 0 and 1 train: from the table's column `confidence`, or from several people in
    its column `annotator_id` (see `data.aggregation`). Only for strong labels."""
    classes: list[str] = key(optional=True, **VALUES)
    """The classes that these annotations tell of, if not all of the data set's: of the others
    nothing is learned from these clips."""
    window_hop: float = key(optional=True, exclusiveMinimum=0, maximum=3600)
    """Recordings are cut into windows of clip_seconds that begin so many seconds apart, which then
    are the clips, as 2024 does with MAESTRO; only for strong labels. Scores of seconds join
    them again."""
    also: dict[str, str] = key(optional=True)
    """Classes whose events train another class, too, as `people talking` does Speech in 2024; only
    for soft_labels: confidence."""
    remotes: list[str] = key(optional=True, uniqueItems=True)
    """Only for source download: what to fetch."""
    synthesis: Synthesis = key(optional=True)
    """Only for source synthesis."""


@dataclass(frozen=True)
class DatasetSection:
    """One data set."""

    root: str = key(**TEXT)
    """Folder that holds `audio` and `metadata`."""
    source: str = key(pattern="^[a-z]+$", expected="a name of small letters, such as folder.")
    """How the files come about, `rules/source_<source>.smk`: folder, download or synthesis."""
    seed: int = key(optional=True, **SEED)
    """Only for source synthesis."""
    sources: str = key(optional=True, **TEXT)
    """Only for source download: YAML with your own addresses."""
    classes: list[str] = key(items=TEXT, **VALUES)
    """Names of the sound events, as in the annotations."""
    clip_seconds: float = key(exclusiveMinimum=0, maximum=3600)
    """Longest clip that training and validation hear as a whole."""
    sample_rate: int = key(minimum=1000, maximum=384000)
    """Hz, of the audio that networks are given."""
    resampler: Literal["kaiser_best", "soxr_hq"] = key()
    """How recordings of other rates come to it: as in 2022, or keeping what lies above 7.5 kHz."""
    unreadable: Literal["error", "skip"] = key()
    """A file that cannot be decoded stops the run, or counts as missing."""
    published: bool = key()
    """Show the published DESED figures beside the measured ones."""
    splits: dict[str, Split] = key(minProperties=1, propertyNames={"type": "string", **SPLIT_NAME})
    """By name."""


@dataclass(frozen=True)
class MedianGrid:
    """Values to try for `median`."""

    window: list[int] = key(items=FRAMES, **VALUES)
    """Frames."""
    weak_mask: list[bool] = key(**VALUES)
    """true: no frame scores higher than its clip."""


@dataclass(frozen=True)
class SebbsGrid:
    """Values to try for `sebbs`."""

    filter_seconds: list[float] = key(items={"exclusiveMinimum": 0, "maximum": 60}, **VALUES)
    """Length of the step filter."""
    absolute: list[float] = key(items={"minimum": 0, "maximum": 1}, **VALUES)
    """A gap between boxes stays when it is this much lower."""
    relative: list[float] = key(items={"minimum": 1}, **VALUES)
    """Or when the better box is this many times as high."""
    weak_mask: list[bool] = key(**VALUES)
    """true: no frame scores higher than its clip."""


GRIDS = {"median": MedianGrid, "sebbs": SebbsGrid}
"""What is tried for each of `METHODS` (`sed_core/scoring/postprocess.py`)."""


@dataclass(frozen=True)
class Variant:
    """Rows `system+name` that decode a system's stored scores in another way."""

    RULES: ClassVar[Rules] = {
        "allOf": [
            {
                "if": {"required": ["method"], "properties": {"method": {"const": method}}},
                "then": {"properties": {"grid": {"$ref": f"#/$defs/{grid.__name__}"}}},
            }
            for method, grid in GRIDS.items()
        ]
    }
    method: str = key(enum=[*GRIDS])
    """A median filter for each class, or bounding boxes by change detection."""
    tune_on: str = key()
    """`validation` (each system's own) or a strongly labelled split, never one that is reported."""
    objective: Literal["psds1", "psds2"] = key()
    """What is made best, exact."""
    systems: list[str] = key(optional=True)
    """Systems and ensembles it is for; without it, all."""
    grid: dict[str, Any] = key(sections=GRIDS.values())
    """Values to try; of equally good ones the first wins."""


@dataclass(frozen=True)
class Pretraining:
    """Of the small networks of the embedded data set."""

    steps: int = key(minimum=1)
    """Of training."""


@dataclass(frozen=True)
class EncoderOptions:
    """What is changed in a pretrained network; each knows some."""

    patch_hop: float = key(optional=True, minimum=0.04, maximum=0.96)
    """YAMNet: seconds between two patches."""

    drop_last: int = key(optional=True, minimum=0, maximum=11)
    """ATST-Frame, BEATs: blocks at the end that are left out."""

    top_db: Literal["clip", "batch"] = key(optional=True)
    """ATST-Frame: whose loudest value limits the range to 80 dB; the original takes the batch's."""


@dataclass(frozen=True)
class Embedding:
    """A pretrained network with its weights."""

    network: str = key(optional=True, **NAME)
    """Registered name of the network; the entry's own where this is not given."""
    options: EncoderOptions = key(optional=True)
    """What is changed in the network."""

    weights: str = key(**TEXT)
    """File of weights; used where it lies, else fetched."""
    urls: list[str] = key(items=TEXT)
    """Addresses in the order of preference."""
    checksum: str | None = key(
        pattern="^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})$",
        expected="sha256: and 64 or md5: and 32 of 0-9 and a-f.",
    )
    """Of the file; null where none is published."""
    note: str = key()
    """Said below the tables."""
    pretraining: Pretraining | None = key()
    """Only for the embedded data set."""
    extracted: str | None = key(**TEXT)
    """Folder with the published pre-extracted files: imports those instead."""
    from_frames: bool = key()
    """true: aligned and mean come from the file of frame, made first: one pass for all."""
    batch_size: int = key(minimum=1)
    """Clips at a time."""
    precision: Precision = key()
    """bf16-mixed: see `benchmarks/embed.py`."""


@dataclass(frozen=True)
class SystemSection:
    """One complete system; entries of `systems` say only what differs from `defaults`."""

    seeds: list[int] = key([42], items=SEED, **VALUES)
    """One training each; results are mean and standard deviation over them."""
    checkpoint: str | None = key(None, minLength=1)
    """A trained file to evaluate instead of training: a model.pt, a public 2022 .ckpt, or
    a network of FDY-SED."""
    data: DataSection = key()
    """Which split plays which role."""
    feats: Feats = key()
    """Log-mel spectrograms."""
    scaler: ScalerConfig = key()
    """Feature normalisation."""
    net: dict[str, Any] = key(
        sections=NETWORKS.values(),
        anyOf=[{"$ref": f"#/$defs/{section.__name__}"} for section in NETWORKS.values()],
    )
    """The network; lists have an entry for each block of the CNN."""
    pretrained: Pretrained = key()
    """The pretrained network that is fused with it."""
    training: Training = key()
    """The mean-teacher schedule."""
    opt: Opt = key()
    """The optimiser and its learning rate."""
    stitching: Stitching = key()
    """How recordings longer than clip_seconds are heard, in validation, test and prediction: in
    windows of that length, whose scores become one line. One that fits is heard as it is."""
    scoring: Scoring = key()
    """From here on nothing is trained anew when a value changes."""


@dataclass(frozen=True)
class Config:
    """The whole experiment."""

    dataset: str = key()
    """Which entry of `datasets` this run is about."""
    pathvars: Pathvars = key()
    """Where files go; `<name>` in the rules."""
    compute: Compute = key()
    """What jobs may take of the machine."""
    energy: Energy = key()
    """How energy is told."""
    datasets: dict[str, DatasetSection] = key()
    """What there is to hear."""
    defaults: SystemSection = key()
    """One complete system, the DCASE 2022 baseline."""
    postprocessing: dict[str, Variant] = key(propertyNames=VARIANT_NAME)
    """Rows `system+name` that decode a system's stored scores in another way."""
    ensembles: dict[str, list[str]] = key(propertyNames=NAME, additionalProperties=VALUES)
    """Rows that average the scores of all seeds of some systems, for example `both: [crnn,
    crnn_strong]`."""
    embeddings: dict[str, Embedding] = key()
    """Pretrained networks with their weights."""
    targets: list[str] = key(**VALUES)
    """Systems and ensembles that are made when nothing is asked for, in the order of the tables;
    the
    first is what others are compared with."""
    left_out: dict[str, str] = key(optional=True, propertyNames=NAME)
    """Rows that one would look for in the tables, each with the reason why it is not there."""
    systems: dict[str, SystemSection] = key(minProperties=1, propertyNames=NAME)
    """Per system, what differs from `defaults`."""
    training_search: TrainingSearch = key(optional=True)
    """Keys of one system that `snakemake tune_training` searches, on validation data."""
