"""The section `data` of a system: which split plays which role, for training and for judging."""

from dataclasses import dataclass, fields
from typing import Literal

from sed_core.config import registries
from sed_core.config.key import SEED, key
from sed_core.config.pseudo_labelling import PseudoLabelling


@dataclass(frozen=True)
class Data:
    """Which splits play which role in training; a role may be absent by choice.

    `soft_labels` says of which strong splits labels between 0 and 1 train, and how these come
    about; it follows from the data set and from `aggregation` and `reviewed`. `annotated` has the
    classes that the annotations of a split tell of, for those splits that leave some out.
    """

    soft_labels: dict[str, str]
    annotated: dict[str, list[str]]
    strong: list[str] = key(["synth"])
    """Strongly labelled splits to train on; [] for none."""
    weak: str | None = key("weak")
    """null: none; then its share of training.batch_size is 0, too."""
    unlabelled: str | None = key("unlabelled")
    """null: none, as for weak."""
    validation: str = key("synth_val")
    """Strongly labelled split that selects the network."""
    weak_split: float = key(0.9, exclusiveMinimum=0, exclusiveMaximum=1)
    """Share of the weak clips that trains; the rest validates."""
    split_seed: int | None = key(None, **SEED)
    """null: the training seed draws the weak split, as in 2022."""
    crop: Literal["random", "start"] = key("random")
    """Where clips longer than clip_seconds are cut for training; random as in 2022."""
    windows: Literal["per_recording", "per_second"] = key("per_recording")
    """Windows of a long clip in an epoch: one, or as many as it lasts times clip_seconds."""
    overlaps: Literal["highest", "last"] = key("highest")
    """Which of several confidences of a class a frame trains with; last: that of the later row, as
    in 2024."""
    validation_soft: str | None = key(None)
    """Split with a window_hop whose windows select the network, too: their best F1 of seconds is
    added, as in 2024; null: none."""

    @property
    def splits(self) -> list[str]:
        """The splits that training reads, each once."""
        named = [*self.strong, self.weak, self.unlabelled, self.validation, self.validation_soft]
        return list(dict.fromkeys(split for split in named if split is not None))


@dataclass(frozen=True)
class DataSection(PseudoLabelling, Data):
    """Which split plays which role; `test`, `eval` and `min_coverage` train nothing anew."""

    aggregation: str = key(
        "majority", enum=[*registries.names(registries.AGGREGATIONS, "AGGREGATIONS"), "random"]
    )
    """How labels of several annotators become one, in splits with `soft_labels: annotators`;
    uniform and weighted are between 0 and 1, random draws an annotator in each epoch."""
    reviewed: bool = key(False)
    """true: where a reviewer accepted rows of a recording, only those count."""
    test: str = key("devtest")
    """Strongly labelled split that is scored."""
    also_test: list[str] = key([], uniqueItems=True)
    """More strongly labelled splits that are scored, each in a table of its own."""
    eval: str | None = key("eval")
    """Predicted, not scored; null where there is none."""
    min_coverage: float = key(0.8, minimum=0, maximum=1)
    """Training and scoring are refused when fewer of a split's clips are present."""


JUDGING = {one.name for one in fields(DataSection)} - {one.name for one in fields(Data)}
"""Keys of the configuration's section `data` that training does not read as they are."""
