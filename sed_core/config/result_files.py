"""The files that rules read and make of the rows.

Paths begin with the key of `pathvars` that says where they lie, such as `<results>`.
"""

from dataclasses import dataclass

from sed_core.config.embedding_files import EmbeddingFiles
from sed_core.config.pseudo_labelling import PSEUDO, pseudo_labels
from sed_core.config.split_roles import soft_labels, training_splits
from sed_core.config.workflow_plan import Plan

TABLES = ("scores", "comparison", "energy")
PLOTS = ("curves", "roc", "bars")


@dataclass(frozen=True)
class ResultFiles:
    """Files of a plan's rows; a row has those of each of its seeds, and those over all."""

    plan: Plan
    embeddings: EmbeddingFiles

    def of_seeds(self, row: str, name: str) -> list[str]:
        """One file for each seed of a row."""
        return [f"<results>/{row}/seed{seed}/{name}" for seed in self.plan.rows[row].seeds]

    def of_members(self, ensemble: str, name: str) -> list[str]:
        """One file for each seed of each member of an ensemble."""
        members = self.plan.rows[ensemble].members
        return [path for member in members for path in self.of_seeds(member, name)]

    def of_base(self, variant: str, name: str) -> str:
        """A file of the row whose scores a variant decodes; `name` begins with a seed's folder."""
        return f"<results>/{self.plan.rows[variant].members[0]}/{name}"

    def training(self, system: str, seed: int | str) -> dict[str, list[str]]:
        """Audio, annotations and embeddings of what a system trains or validates on, and where it
        starts."""
        complete = self.plan.systems[system]
        splits = training_splits(complete)
        soft = soft_labels(complete["data"], self.plan.dataset["splits"], system)
        start, before = complete["training"]["resume_from"], complete["training"]["start_from"]
        if before:
            start = f"<results>/{before}/seed{seed}/model.pt"
        return {
            "corpora": [f"<data>/audio16k/{split}.h5" for split in splits],
            "manifests": [f"<data>/manifests/{split}.tsv" for split in splits],
            "truths": [f"<data>/truth/{split}.tsv" for split in splits],
            "labels": [
                f"<results>/{system}/{pseudo_labels(split)}"
                if method.startswith(PSEUDO)
                else f"<data>/labels/{split}_{method}.tsv"
                for split, method in soft.items()
            ],
            "start": [start] if start else [],
            "embeddings": self.embeddings.read(complete, splits),
        }

    def of_labelling(self, system: str, name: str) -> list[str]:
        """One file for each seed of each system whose scores label for this one."""
        labelling = self.plan.systems[system]["data"]["pseudo_from"]
        return [path for member in labelling for path in self.of_seeds(member, name)]

    def annotator_scores(self, split: str, method: str) -> list[str]:
        """How far annotators can be trusted, where that weighs their labels."""
        return [f"<data>/annotators/{split}.json"] if method.startswith("weighted") else []

    def provenance(self, row: str, seed: int | str) -> list[str]:
        """Where the networks behind a row come from; several files for an ensemble."""
        if self.plan.rows[row].kind == "ensemble":
            return self.of_members(row, "provenance.json")
        return [f"<results>/{row}/seed{seed}/provenance.json"]

    def energy(self, row: str) -> list[str]:
        """What training a row (unless it is given) and predicting with it took."""
        training = [] if self.plan.is_given(row) else ["training"]
        stages = [*training, *self.plan.evaluated_splits(row)]
        return [path for stage in stages for path in self.of_seeds(row, f"{stage}.energy.json")]

    def shown(self, kind: str) -> list[str]:
        """A file over all seeds of every row of the tables, such as `psds.json`."""
        return [f"<results>/{row}/{self.plan.test_split(row)}_{kind}" for row in self.plan.shown]

    def also_tested(self, split: str) -> list[str]:
        """Scores over all seeds of the rows that are scored on a further split."""
        return [f"<results>/{row}/{split}_psds.json" for row in self.plan.also_tested()[split]]

    def shown_energy(self) -> list[str]:
        """Energy of all systems and ensembles; variants cost what their system costs."""
        reference = self.plan.energy_baseline
        named = [name for name, row in self.plan.shown.items() if row.kind != "variant"]
        named += [reference] if reference else []
        files = [path for name in dict.fromkeys(named) for path in self.energy(name)]
        for name in self.plan.shown:
            files += self.of_seeds(name, f"{self.plan.test_split(name)}_scoring.energy.json")
        for row in dict.fromkeys(named):
            for system in self.plan.systems_of(row):
                files += self.embeddings.energy(self.plan.systems[system])
        return list(dict.fromkeys(files))

    def histories(self, row: str) -> list[str]:
        """Learning curves: only of what was trained here."""
        trained = self.plan.rows[row].kind == "system" and not self.plan.is_given(row)
        return self.of_seeds(row, "history.csv") if trained else []

    def report(self) -> list[str]:
        """What the report reads of each seed of each row."""
        files = []
        for name, row in self.plan.shown.items():
            split = self.plan.test_split(name)
            files += self.of_seeds(name, f"{split}_roc.json")
            files += self.of_seeds(name, f"{split}_events/student.tsv")
            if row.kind == "system":
                files.append(f"<results>/{name}/system.json")
            files += self.histories(name)
        return files

    def everything(self) -> list[str]:
        """What is made when nothing in particular is asked for."""
        kinds = ("md", "csv")
        files = self.shown("psds.json")
        files += [f"<results>/tables/{table}.{kind}" for table in TABLES for kind in kinds]
        files.append("<results>/report.html")
        for split in self.plan.also_tested():
            files += [f"<results>/tables/on_{split}.{kind}" for kind in kinds]
        for row in self.plan.config["targets"]:
            files += [f"<results>/{row}/plots/{plot}.svg" for plot in PLOTS]
        for row in self.plan.shown:
            for split in self.plan.evaluated_splits(row):
                files += self.of_seeds(row, f"{split}_events/student.tsv")
        return files
