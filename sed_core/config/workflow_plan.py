"""What there is to make: the checked configuration, its rows, and what they are made of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sed_core.config.jobs import DecodingJob, ScoringJob, TuningJob, as_json
from sed_core.config.rows import Row, rows, shown
from sed_core.config.split_roles import used_splits
from sed_core.config.systems import systems, trained_part, unfit
from sed_core.config.training_search import SearchJob
from sed_core.runtime.errors import unknown_name

LABELS = ("strong", "weak", "none")


@dataclass(frozen=True)
class Plan:
    """The whole configuration, and what follows from it.

    Attributes:
        config: merged and checked.
        systems: complete systems by name.
        rows: systems, ensembles and variants by name.
        shown: those of the tables.
    """

    config: Mapping[str, Any]
    systems: dict[str, dict[str, Any]]
    rows: dict[str, Row]
    shown: dict[str, Row]

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Plan":
        """Check a configuration and complete its systems.

        Raises:
            SedError: one sentence about the first fault.
        """
        complete = systems(config)
        ordered = rows(config, complete)
        return cls(config, complete, ordered, shown(ordered, config))

    @property
    def dataset(self) -> dict[str, Any]:
        """The entry of `datasets` that the run is about."""
        return self.config["datasets"][self.config["dataset"]]

    @property
    def scored_split(self) -> str:
        """The split that all rows are scored on; where they differ, that of the first."""
        return self.test_split(next(iter(self.shown)))

    def test_split(self, row: str) -> str:
        """The split that a row is scored on."""
        return self.rows[row].system["data"]["test"]

    def tuning_split(self, variant: str) -> str:
        """The split that a variant is tuned on."""
        return self.rows[variant].variant["tune_on"]

    def kind(self, kind: str) -> list[str]:
        """Rows that are a `system`, an `ensemble` or a `variant`."""
        return [name for name, row in self.rows.items() if row.kind == kind]

    def systems_of(self, row: str) -> list[str]:
        """The systems behind a row; a system is made of itself."""
        made_of = (self.systems_of(member) for member in self.rows[row].members)
        return [name for names in made_of for name in names] or [row]

    def is_given(self, row: str) -> bool:
        """Whether networks, or those of a member, come from a checkpoint instead of a training."""
        made_of = [self.rows[name].system for name in self.systems_of(row)]
        return any(system["checkpoint"] is not None for system in made_of)

    def evaluated_splits(self, row: str) -> list[str]:
        """The split that is scored, then the one that is only predicted (if any)."""
        data = self.rows[row].system["data"]
        return [split for split in (data["test"], data["eval"]) if split]

    def also_tested(self) -> dict[str, list[str]]:
        """Further scored splits, each with the systems of the tables that name it."""
        found: dict[str, list[str]] = {}
        for name, row in self.shown.items():
            for split in row.system["data"]["also_test"] if row.kind == "system" else []:
                found.setdefault(split, []).append(name)
        return found

    def energy_stage(self, row: str, split: str) -> str:
        """`devtest`, `evaluation` or `validation`: what energy tables call predicting a split."""
        data = self.rows[row].system["data"]
        return {data["test"]: "devtest", data["eval"]: "evaluation"}.get(split, "validation")

    def splits_in_use(self, *labels: str) -> list[str]:
        """Splits that rows of the tables train on, are tuned on, are scored on or predict.

        Args:
            labels: only splits that are labelled so.
        """
        used = {
            split
            for row in self.shown
            for name in self.systems_of(row)
            for split in used_splits(self.rows[name].system)
        }
        splits, wanted = self.dataset["splits"].items(), labels or LABELS
        return [name for name, split in splits if name in used and split["labels"] in wanted]

    def annotated_splits(self) -> list[str]:
        """Splits in use whose recordings have several annotators."""
        splits = self.dataset["splits"]
        return [
            name
            for name in self.splits_in_use("strong")
            if splits[name].get("soft_labels") == "annotators"
        ]

    @property
    def energy_baseline(self) -> str | None:
        """The system that energies are compared with: the one asked for, else the first target.

        None where that would be compared with itself alone, or is an ensemble.
        """
        targets = self.config["targets"]
        first = targets[0] if len(targets) > 1 and targets[0] in self.systems else None
        return self.config["energy"]["reference"] or first

    def absence(self, name: str) -> str:
        """Why there are no results of this name, in a sentence."""
        if name in self.config["systems"]:
            return unfit(name, self.config)
        return f"{unknown_name(name, self.rows, 'system')} `make systems` lists the targets."

    def trained_part(self, system: str) -> str:
        """The sections that decide what training does, as they go into system.json."""
        part = trained_part(system, self.systems[system], self.config)
        return json.dumps(part, sort_keys=True)

    def scoring_job(self, row: str, split: str) -> str:
        """What the scoring of a row on a split is told, as JSON."""
        return as_json(ScoringJob.of(row, self.rows[row].system, self.config, split))

    def decoding_job(self, row: str) -> str:
        """What the decoding of a row is told, as JSON."""
        return as_json(DecodingJob.of(self.rows[row].system))

    def tuning_job(self, variant: str) -> str:
        """What a variant's tuning is told, as JSON."""
        row = self.rows[variant]
        return as_json(TuningJob.of(row.variant, row.system))

    @cached_property
    def search_job(self) -> SearchJob:
        """What a search over keys of a system is told.

        Raises:
            SedError: one sentence about the first fault of its section.
        """
        return SearchJob.of(self.config, self.systems)

    def notes(self) -> str:
        """What tables say of pretrained networks and of rows that are left out, as JSON: known to
        what is written last only.
        """
        entries = self.config["embeddings"].items()
        pretrained = {name: entry["note"].strip() for name, entry in entries}
        left_out = self.config.get("left_out", {})
        return json.dumps({"pretrained": pretrained, "left_out": left_out})
