"""Run Snakemake on a copy of the repository, as a user would on a clone."""

import atexit
import importlib
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import IO, Any

import snakemake.cli
import yaml

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "rules", "workflow_scripts", "config.yaml", "configs", "schemas")
MORE = ("envs", "profiles", "report", "sed_core")
snakemake.cli.get_argument_parser()  # finds the plug-ins, once for all forks


@dataclass
class Clone:
    """A copy of the workflow's files, with its own results."""

    folder: Path
    configs: list[str] = field(default_factory=list)
    cores: int | None = 2  # None: a profile says where jobs run

    @classmethod
    def make(
        cls,
        folder: Path,
        configs: Sequence[str] = (),
        *,
        cores: int | None = 2,
        own_code: bool = True,
    ) -> "Clone":
        """All of it; without `own_code` the package is the repository's, which plans faster."""
        for name in (*PARTS, *MORE):
            source, target = ROOT / name, folder / name
            if name == "sed_core" and not own_code:
                target.symlink_to(source)
            elif source.is_dir():
                shutil.copytree(source, target)  # with what Python has compiled
            else:
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        return cls(folder, list(configs), cores)

    def override(self, name: str, content: dict) -> "Clone":
        """The same files under one more configuration."""
        (self.folder / "configs" / name).write_text(yaml.safe_dump(content))
        return Clone(self.folder, [*self.configs, f"configs/{name}"], self.cores)

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run to the end, in a fork of this process, which has loaded the libraries."""
        if (self.folder / "sed_core").is_symlink():
            _load_package()
        with tempfile.TemporaryFile("w+") as output:
            asked = self._command(words)[3:], output, self._options(environment)
            process = ForkProcess(target=_snakemake, args=asked)
            process.start()
            process.join()
            output.seek(0)
            return subprocess.CompletedProcess(words, process.exitcode, output.read())

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """The same in the background, in a process group of its own."""
        options = self._options(environment)
        return subprocess.Popen(self._command(words), **options, start_new_session=True)

    def _command(self, words: Sequence[str]) -> list[str]:
        configs = ["--configfile", *self.configs] if self.configs else []
        cores = ["--cores", str(self.cores)] if self.cores else []
        return [sys.executable, "-m", "snakemake", *cores, *configs, *words]

    def _options(self, environment: dict[str, str]) -> dict[str, Any]:
        return {
            "cwd": self.folder,
            "env": {**os.environ, "OMP_NUM_THREADS": "1", **environment},
            "text": True,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "stdin": subprocess.DEVNULL,
        }

    def planned(self, *words: str) -> set[str]:
        """Names of the rules that a dry run would execute."""
        done = self.run("--dry-run", "--quiet", "rules", *words)
        assert done.returncode == 0, done.stdout
        table = done.stdout.partition("Job stats:")[2].partition("total")[0]
        rows = (line.split() for line in table.splitlines()[3:])
        return {row[0] for row in rows if row} - {"all"}


@cache
def _load_package() -> None:
    """What the rules import, and what they derive from the code, once for all forks."""
    for name in sorted(set(re.findall(r"^from (sed_core[.\w]+)", _rules(), re.M))):
        importlib.import_module(name)
    version = importlib.import_module("sed_core.runtime.code_version")
    version.code_version(*(ROOT / "workflow_scripts").glob("*.py"))


def _rules() -> str:
    return "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))


def _snakemake(words: list[str], output: IO[str], options: dict[str, Any]) -> None:
    """What `python -m snakemake` does in a fresh process, but for the imports."""
    os.chdir(options["cwd"])
    os.environ.update(options["env"])
    for descriptor in (1, 2):
        os.dup2(output.fileno(), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")  # not pytest's
    sys.modules["snakemake.shell"].STDOUT = sys.stdout
    logging.getLogger().handlers.clear()  # pytest's, which would keep the last message
    own_code = not Path("sed_core").is_symlink()
    for name in list(sys.modules):
        if own_code and name.split(".")[0] in ("sed_core", "workflow_scripts"):
            del sys.modules[name]  # the clone has its own
    sys.argv[1:] = words
    atexit._clear()  # what pytest registered
    try:
        snakemake.cli.main()
    finally:
        atexit._run_exitfuncs()  # a fork ends without them
        sys.stderr.flush()
