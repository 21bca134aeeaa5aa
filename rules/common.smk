"""Names and functions shared by the rules; no rules here."""

import json
import os
import re
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from sed_core.data.clip_counts import too_few
from sed_core.data.published_names import published_file
from sed_core.config import composition, encoders, jobs
from sed_core.config.embedding_kinds import DERIVED, STORED
from sed_core.config import systems as systems_config
from sed_core.runtime.code_version import code_version
from sed_core.runtime.device import visible_gpus
from sed_core.runtime.errors import SedError, unknown_name
from sed_core.config.split_roles import soft_labels, training_splits, used_splits
from sed_core.config.rows import rows, shown

HOME = Path(workflow.basedir)


def complete_systems():
    """Merge and check the configuration; a mistake ends the run with one sentence.

    Returns:
        The systems that are trained, all rows, and those of the tables.
    """
    try:
        systems = systems_config.systems(config)
        ordered = rows(config, systems)
        return systems, ordered, shown(ordered, config)
    except SedError as error:
        raise WorkflowError(str(error)) from None


SYSTEMS, ROWS, TARGETS = complete_systems()
DATASET = config["datasets"][config["dataset"]]
PATHS = config["pathvars"]

# Without a limit Snakemake starts all GPU jobs at once. Where there is no GPU here, cores are the
# limit, or a cluster's scheduler. Yields to --resources gpu=N.
if visible_gpus():
    workflow.global_resources.setdefault("gpu", len(visible_gpus()))


def one_of(names):
    """A wildcard constraint that admits exactly these names."""
    return "|".join(map(re.escape, names)) or "(?!)"


def shell_prefix():
    """Make `sed_core` importable and this environment's Python the one that jobs find.

    Snakemake drops PYTHONPATH from conda jobs, so it is part of the command itself; a conda
    environment brings its own Python. SIGTERM to the whole process group (`docker stop`, Slurm)
    must not end the shell before the script, or Snakemake would be gone before a checkpoint is
    written; a shell with a trap waits.
    """
    home, country = shlex.quote(str(HOME)), shlex.quote(config["energy"]["country"])
    lines = [
        "set -euo pipefail",
        "trap : TERM",
        f"export PYTHONPATH={home} SED_HOME={home} SED_COUNTRY={country}",
    ]
    methods = {
        method.name.lower() for method in workflow.deployment_settings.deployment_method
    }
    if "conda" not in methods:
        lines.append(
            f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"'
        )
    lines.append(f"export SED_MEMORY_GB={config['compute']['memory_gb']}")
    if sys.stderr.isatty():
        lines.append("export SED_TERMINAL=/dev/tty")
    return "; ".join(lines) + "; "


def all_cores():
    """What --cores gives; on a cluster, where nobody gives a number, `compute.threads`."""
    cores = workflow.resource_settings.cores
    on_cluster = cores is None or workflow.remote_exec
    return config["compute"]["threads"] if on_cluster else cores


def labels(wildcards):
    return DATASET["splits"][wildcards.split]["labels"]


def classes(_wildcards):
    return ",".join(DATASET["classes"])


def is_given(row):
    return composition.is_given(row, ROWS)


def systems_of(row):
    return composition.systems_of(row, ROWS)


def seeds(row):
    return ROWS[row].seeds


def scoring_job(wildcards):
    """What the scoring of a row is told, as JSON."""
    system = ROWS[wildcards.system].system
    return jobs.as_json(jobs.ScoringJob.of(wildcards.system, system, config))


def decoding_job(wildcards):
    """What the decoding of a row is told, as JSON."""
    return jobs.as_json(jobs.DecodingJob.of(ROWS[wildcards.system].system))


def tuning_job(wildcards):
    """What a variant's tuning is told, as JSON."""
    row = ROWS[wildcards.variant]
    return jobs.as_json(jobs.TuningJob.of(row.variant, row.system))


def trained_part(wildcards):
    """The sections that decide what training does, as they go into system.json."""
    system = SYSTEMS[wildcards.system]
    return systems_config.trained_part(wildcards.system, system, config)


def training_inputs(wildcards):
    """Audio, annotations and embeddings of what the system trains or validates on."""
    problem = too_few(SYSTEMS[wildcards.system], listed)
    if problem:
        raise WorkflowError(f"config: systems.{wildcards.system}: {problem}.")
    splits = training_splits(SYSTEMS[wildcards.system])
    return {
        "corpora": expand("<data>/audio16k/{split}.h5", split=splits),
        "manifests": expand("<data>/manifests/{split}.tsv", split=splits),
        "truths": expand("<data>/truth/{split}.tsv", split=splits),
        "labels": [
            f"<data>/labels/{split}_{method}.tsv"
            for split, method in soft_labels(
                SYSTEMS[wildcards.system]["data"], DATASET["splits"]
            ).items()
        ],
        "start": SYSTEMS[wildcards.system]["training"]["resume_from"] or [],
        "embeddings": embedding_inputs(wildcards.system, splits),
    }


def min_coverage(system):
    """As text: resources that are numbers are whole ones."""
    return str(system["data"]["min_coverage"])


def checkpoint_dir(wildcards):
    """Outside the rule's outputs, which Snakemake deletes when a job fails."""
    return f"{PATHS['checkpoints']}/{wildcards.system}/seed{wildcards.seed}"


def evaluated_splits(row):
    return composition.evaluated_splits(ROWS[row])


def energy_stage(wildcards):
    return composition.energy_stage(ROWS[wildcards.system], wildcards.split)


def seed_files(system, pattern):
    """One file for each seed of a system."""
    return expand(f"<results>/{system}/seed{{seed}}/{pattern}", seed=seeds(system))


def test_split(wildcards):
    return ROWS[wildcards.system].system["data"]["test"]
