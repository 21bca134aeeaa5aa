"""Names and functions shared by the rules; no rules here."""

import json
import os
import re
import shlex
import sys
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError

from sed_core.data.download.adopt import adopt
from sed_core.data.download.sources import read_parts
from sed_core.data.listing import fingerprint
from sed_core.data.published import published_file
from sed_core.runtime import config as systems_config
from sed_core.runtime.device import visible_gpus
from sed_core.runtime.errors import SedError
from sed_core.runtime.provenance import code_version
from sed_core.runtime.rows import rows

HOME = Path(workflow.basedir)


def complete_systems():
    """Merge and check the configuration; a mistake ends the run with one sentence.

    Returns:
        The systems that are trained, and all rows of the tables.
    """
    schema = yaml.safe_load((HOME / "schemas/config.schema.yaml").read_text())
    try:
        systems = systems_config.systems(config, schema)
        return systems, rows(config, systems)
    except SedError as error:
        raise WorkflowError(str(error)) from None


SYSTEMS, ROWS = complete_systems()


def is_target(row):
    """Whether a row is made when nothing is asked for: it, or all that it is made of."""
    members = ROWS[row].members
    return all(map(is_target, members)) if members else row in config["targets"]


TARGETS = {name: row for name, row in ROWS.items() if is_target(name)}
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
    lines = [
        "set -euo pipefail",
        "trap : TERM",
        f"export PYTHONPATH='{HOME}' SED_HOME='{HOME}' SED_COUNTRY={config['energy']['country']}",
    ]
    methods = {
        method.name.lower() for method in workflow.deployment_settings.deployment_method
    }
    if "conda" not in methods:
        lines.append(f"export PATH='{Path(sys.executable).parent}':\"$PATH\"")
    if sys.stderr.isatty():
        lines.append("export SED_TERMINAL=/dev/tty")
    return "; ".join(lines) + "; "


def said_by_failed_jobs(log):
    """The end of each failed job's log, which `--quiet rules` would hide with the job itself."""
    if "RULES" not in {kind.name for kind in workflow.output_settings.quiet or ()}:
        return ""
    failed = re.findall(
        r"> (\S+\.log)(?: 2>&1)?' returned non-zero", Path(log[0]).read_text()
    )
    tails = [Path(name).read_text().splitlines()[-15:] for name in failed]
    return "".join(
        "\n".join([f"{name}:", *lines, ""]) for name, lines in zip(failed, tails)
    )


def all_cores():
    """What --cores gives; on a cluster, where nobody gives a number, `compute.threads`."""
    cores = workflow.resource_settings.cores
    on_cluster = cores is None or workflow.remote_exec
    return config["compute"]["threads"] if on_cluster else cores


OWN_DATA = os.environ.get("SED_DATA") if DATASET["source"] != "synthesis" else None
SOURCE = "folder" if OWN_DATA else DATASET["source"]
ROOT = Path(OWN_DATA or DATASET["root"])


def adopted_places():
    """Where the splits of a tree that somebody already has really lie."""
    if SOURCE != "folder" or not ROOT.is_dir():
        return {}
    splits = DATASET["splits"].items()
    paths = {name: (split["audio"], split.get("annotations")) for name, split in splits}
    return adopt(ROOT, paths).splits


PLACES = adopted_places()


def source_audio(wildcards):
    """The split's folder of audio files."""
    place = PLACES.get(wildcards.split)
    found = place.audio if place else None
    return str(found or ROOT / DATASET["splits"][wildcards.split]["audio"])


def source_annotations(wildcards):
    """The split's TSV, or nothing where it has none."""
    place = PLACES.get(wildcards.split)
    path = DATASET["splits"][wildcards.split].get("annotations")
    found = place.annotations if place else None
    return str(found or ROOT / path) if path else ""


def annotations_option(flag):
    """A parameter function: `--flag 'path of the TSV'`, or nothing where a split has none."""

    def option(wildcards):
        path = source_annotations(wildcards)
        return f"{flag} {shlex.quote(path)}" if path else ""

    return option


def folder_fingerprint(wildcards):
    """Changes when a clip is added, replaced or removed, or the annotation file is edited."""
    annotations = source_annotations(wildcards)
    state = (
        Path(annotations).stat().st_mtime_ns
        if annotations and Path(annotations).is_file()
        else 0
    )
    return f"{fingerprint(Path(source_audio(wildcards)))} {state}"


def synthesis_spec(wildcards):
    spec = DATASET["splits"][wildcards.split]["synthesis"]
    return f"--domain {spec['domain']} --clips {spec['clips']}"


def downloaded_parts():
    """What can be fetched, with the addresses of the configuration laid over the published ones."""
    return read_parts(DATASET.get("sources"))


PARTS = downloaded_parts()
CLIP_PARTS = {
    Path(part.target).name: part for part in PARTS.values() if part.kind == "clips"
}


def part_files(names):
    """What says that parts are complete: a receipt, or for clips the report of missing ones."""
    parts = [PARTS[name] for name in names]
    return [
        (
            f"missing_files/{part.report}"
            if part.kind == "clips"
            else f"<data>/download/{part.name}.json"
        )
        for part in parts
    ]


def group_files(*groups):
    return part_files(name for name, part in PARTS.items() if part.group in groups)


def clip_list(wildcards):
    """The metadata that a list of clips comes with."""
    part = CLIP_PARTS[wildcards.folder]
    return part_files(
        name
        for name, other in PARTS.items()
        if other.group == part.group and other.kind != "clips"
    )


def split_parts(wildcards):
    """What has to be fetched before a split can be looked at."""
    return part_files(DATASET["splits"][wildcards.split].get("parts", []))


def sources_option(_wildcards):
    return (
        f"--sources {shlex.quote(DATASET['sources'])}" if "sources" in DATASET else ""
    )


def labels(wildcards):
    return DATASET["splits"][wildcards.split]["labels"]


def classes(_wildcards):
    return ",".join(DATASET["classes"])


def is_given(system):
    """Whether a system's networks come from a checkpoint instead of a training."""
    return ROWS[system].system["checkpoint"] is not None


def seeds(row):
    return ROWS[row].seeds


def scoring(key):
    """A parameter function: one value of the system's `scoring` section."""
    return lambda wildcards: ROWS[wildcards.system].system["scoring"][key]


def f1_convention(wildcards):
    """The system's own, or that of the figures it is shown beside: 2022's where there are any."""
    usual = "dcase2022" if DATASET["published"] else "sed_scores_eval"
    return scoring("f1_convention")(wildcards) or usual


def trained_part(wildcards):
    """The sections that decide what training does, as they go into system.json."""
    system = SYSTEMS[wildcards.system]
    return systems_config.trained_part(wildcards.system, system, config)


def training_inputs(wildcards):
    """Audio, annotations and embeddings of what the system trains or validates on."""
    splits = systems_config.training_splits(SYSTEMS[wildcards.system])
    return {
        "corpora": expand("<data>/audio16k/{split}.h5", split=splits),
        "manifests": expand("<data>/manifests/{split}.tsv", split=splits),
        "truths": expand("<data>/truth/{split}.tsv", split=splits),
        "start": SYSTEMS[wildcards.system]["training"]["resume_from"] or [],
        "embeddings": embedding_inputs(wildcards.system, splits),
    }


def checkpoint_dir(wildcards):
    """Outside the rule's outputs, which Snakemake deletes when a job fails."""
    return f"{PATHS['checkpoints']}/{wildcards.system}/seed{wildcards.seed}"


def evaluated_splits(row):
    """The split that is scored and the one that is only predicted (if any)."""
    data = ROWS[row].system["data"]
    return [split for split in (data["test"], data["eval"]) if split]


def energy_stage(wildcards):
    """What the energy tables call this prediction."""
    data = SYSTEMS[wildcards.system]["data"]
    stages = {data["test"]: "devtest", data["eval"]: "evaluation"}
    return stages.get(wildcards.split, "validation")


def seed_files(system, pattern):
    """One file for each seed of a system."""
    return expand(f"<results>/{system}/seed{{seed}}/{pattern}", seed=seeds(system))


def test_split(wildcards):
    return ROWS[wildcards.system].system["data"]["test"]
