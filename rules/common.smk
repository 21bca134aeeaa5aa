"""The plan of the run, and what rules ask of it; no rules here."""

import re
import shlex
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from sed_core.config.embedding_files import EmbeddingFiles
from sed_core.config.embedding_kinds import STORED
from sed_core.config.jobs import as_json
from sed_core.config.listing import command_options, listing
from sed_core.config.workflow_plan import Plan
from sed_core.config.result_files import ResultFiles
from sed_core.data.clip_counts import too_few
from sed_core.data.published_names import published_file
from sed_core.runtime.code_version import code_version
from sed_core.runtime.device import visible_gpus
from sed_core.runtime.errors import SedError, unknown_name
from sed_core.runtime.job_shell import TERMINAL, job_prefix

try:
    PLAN = Plan.of(config)
except SedError as error:  # one sentence; a WorkflowError would add lines of this file
    raise SystemExit(f"error: {error}")
EMBEDDINGS = EmbeddingFiles(config)
FILES = ResultFiles(PLAN, EMBEDDINGS)
SYSTEMS, ROWS, DATASET = PLAN.systems, PLAN.rows, PLAN.dataset
CLASSES = ",".join(DATASET["classes"])
PATHS = config["pathvars"]

# Without a limit Snakemake starts all GPU jobs at once. Where there is no GPU here, cores are the
# limit, or a cluster's scheduler. Yields to --resources gpu=N.
if visible_gpus():
    workflow.global_resources.setdefault("gpu", len(visible_gpus()))


def one_of(names):
    """A wildcard constraint that admits exactly these names."""
    return "|".join(map(re.escape, names)) or "(?!)"


def shell_prefix():
    """Make `sed_core` importable, and this environment's Python the one that jobs find."""
    environment = {
        "PYTHONPATH": HOME,
        "SED_HOME": HOME,
        "SED_COUNTRY": config["energy"]["country"],
        "SED_MEMORY_GB": config["compute"]["memory_gb"],
    }
    if sys.stderr.isatty():
        environment["SED_TERMINAL"] = TERMINAL
    methods = {
        method.name.lower() for method in workflow.deployment_settings.deployment_method
    }
    python = None if "conda" in methods else Path(sys.executable)
    return job_prefix(environment, python=python)


def all_cores():
    """What --cores gives; on a cluster, where nobody gives a number, `compute.threads`."""
    cores = workflow.resource_settings.cores
    on_cluster = cores is None or workflow.remote_exec
    return config["compute"]["threads"] if on_cluster else cores


def list_systems():
    """What `snakemake --cores 1 systems` prints."""
    settings = workflow.config_settings
    options = command_options(settings.configfiles, settings.config, Path.cwd())
    return listing(PLAN, options)


def option(name, value):
    """`--name 'value'` of a command, or nothing where there is no value."""
    return f"--{name} {shlex.quote(str(value))}" if value else ""


def pseudo_labels_option(system):
    """Where the labels lie that others make for a system, for its training."""
    labelled = SYSTEMS[system]["data"]["pseudo_from"]
    return option("pseudo-labels", labelled and f"{PATHS['results']}/{system}")


def training_inputs(wildcards):
    """What a system trains on, if that is enough for its batches."""
    problem = too_few(SYSTEMS[wildcards.system], SOURCE.listed)
    if problem:
        raise WorkflowError(f"config: systems.{wildcards.system}: {problem}.")
    return FILES.training(wildcards.system, wildcards.seed)


def scored_networks(wildcards):
    """The provenance of what is scored, if groups of recordings can be told where they are asked for."""
    groups = ROWS[wildcards.system].system["scoring"]["groups"]
    try:
        SOURCE.require_columns(wildcards.split, tuple(groups))
    except SedError as error:
        raise WorkflowError(f"scoring.groups of {wildcards.system}: {error}") from None
    return FILES.provenance(wildcards.system, wildcards.seed)


def search_inputs(_wildcards):
    """What the searched system trains on; a mistake in the section ends the run with one sentence."""
    try:
        job = PLAN.search_job
    except SedError as error:
        raise WorkflowError(str(error)) from None
    return FILES.training(job.system, job.training_seed)


def published_embeddings(wildcards):
    """The published file, so that another one is imported anew; the job says what is missing."""
    folder = EMBEDDINGS.entry(wildcards.embedding)["extracted"]
    try:
        return [str(published_file(folder, wildcards.split))]
    except SedError:
        return []


def say_what_there_is(wildcards):
    """For results of a system that does not exist, where Snakemake says only that no rule makes them."""
    raise WorkflowError(PLAN.absence(wildcards.absent))
