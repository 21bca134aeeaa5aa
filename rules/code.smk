"""The version of the code that makes a result; no rules here.

Of the networks that can be named only those count that the result depends on, so that a new one,
or an edit of another one, repeats nothing.
"""

import functools
import sys
from pathlib import Path

from sed_core.runtime.code_version import code_files, code_version, entries_of
from sed_core.runtime.provenance import changed_code


def system_code(script):
    """A parameter function: hash of a script and of the networks that the system is made of."""
    return lambda wildcards: code_version(
        script, entries=entries_of(SYSTEMS[wildcards.system])
    )


def training_code(script):
    """A parameter function like `system_code`; says what differs from a finished training's."""

    @functools.cache
    def told(system, seed):
        files = code_files(script, entries=entries_of(SYSTEMS[system]))
        place = f"{PATHS['results']}/{system}/seed{seed}"
        changed = changed_code(Path(place) / "provenance.json", files)
        if changed and workflow.is_main_process:
            what = f"{place} was trained before a change of {', '.join(changed)}"
            print(f"{what}; --rerun-triggers mtime keeps it.", file=sys.stderr)

    def version(wildcards):
        told(wildcards.system, wildcards.seed)
        return system_code(script)(wildcards)

    return version


def embedding_code(script):
    """A parameter function: hash of a script and of the one pretrained network that it runs."""
    return lambda wildcards: code_version(
        script, entries=[EMBEDDINGS.network(wildcards.embedding)]
    )
