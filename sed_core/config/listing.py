"""What there is to ask for, as commands that work as they are."""

import json
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sed_core.config.workflow_plan import Plan


def listing(plan: Plan, options: str) -> str:
    """A line for each row of a plan: its name and the command that makes its scores."""
    results = shlex.quote(plan.config["pathvars"]["results"])
    lines = [
        f"data set: {plan.config['dataset']}",
        f"splits: {', '.join(plan.dataset['splits'])}",
        "",
    ]
    lines += [
        f"{row:16s} snakemake --cores all {results}/{row}/{plan.test_split(row)}_psds.json{options}"
        for row in plan.rows
    ]
    return "\n".join(lines)


def command_options(files: Iterable[Path], overrides: Mapping[str, Any], here: Path) -> str:
    """The options of a command that give it the same configuration.

    Args:
        files: configuration files beside `config.yaml`.
        overrides: values given by `--config`.
        here: the working directory.
    """
    paths = [file.relative_to(here) if file.is_relative_to(here) else file for file in files]
    words = [
        f"{key}={value if isinstance(value, str) else json.dumps(value)}"
        for key, value in overrides.items()
    ]
    options = f" --configfile {shlex.join(map(str, paths))}" if paths else ""
    return options + (f" --config {shlex.join(words)}" if words else "")
