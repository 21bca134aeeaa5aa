"""What the shell of every job does before its command."""

import shlex
from collections.abc import Mapping
from pathlib import Path

TERMINAL = "/dev/tty"
"""Where bars of jobs go, whose output lies in logs, while a person looks at the run."""


def job_prefix(environment: Mapping[str, object], *, python: Path | None) -> str:
    """Lines of bash, on one, that make a job fail and stop as it should, in its environment.

    SIGTERM to the whole process group (`docker stop`, Slurm) must not end the shell before the
    script, or Snakemake would be gone before a checkpoint is written; a shell with a trap waits.

    Args:
        environment: variables. Snakemake drops some, such as PYTHONPATH, from conda jobs, so they
            are part of the command itself.
        python: the interpreter that jobs find; None where an environment brings its own.

    Example:
        >>> job_prefix({"SED_HOME": "/a folder"}, python=None)
        "set -euo pipefail; trap : TERM; export SED_HOME='/a folder'; "
    """
    words = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in environment.items())
    lines = ["set -euo pipefail", "trap : TERM", f"export {words}"]
    if python is not None:
        lines.append(f'export PATH={shlex.quote(str(python.parent))}:"$PATH"')
    return "; ".join(lines) + "; "
