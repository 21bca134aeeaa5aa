"""The folder of this workflow's own files, from which its package is imported; no rules here."""

import sys
import tarfile
import tempfile
from pathlib import Path


def unpacked(source):
    """A copy of the repository that a hosted module comes from, made once for each commit.

    Snakemake fetches single rule files of a hosted module. Jobs need scripts and package, too.
    """
    commit = source.hosted_repo.repo.commit(source.ref).hexsha
    folder = Path(".snakemake/sed").absolute() / commit
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as draft:
            with tempfile.TemporaryFile() as packed:
                source.hosted_repo.repo.archive(packed, treeish=commit)
                packed.seek(0)
                with tarfile.open(fileobj=packed) as archive:
                    archive.extractall(f"{draft}/{commit}")
            Path(draft, commit).rename(folder)
    return folder


RULES = workflow.current_basedir
HOME = Path(RULES).parent if RULES.is_local else unpacked(RULES)
sys.path.insert(0, str(HOME))
