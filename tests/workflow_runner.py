"""Run Snakemake on a copy of the repository, as a user would on a clone."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "rules", "workflow_scripts", "config.yaml", "configs", "schemas")
MORE = ("envs", "profiles", "report", "sed_core")


@dataclass
class Clone:
    """A copy of the workflow's files, with its own results."""

    folder: Path
    configs: list[str] = field(default_factory=list)
    cores: int | None = 2  # None: a profile says where jobs run

    @classmethod
    def make(cls, folder: Path, configs: Sequence[str] = (), *, cores: int | None = 2) -> "Clone":
        for name in (*PARTS, *MORE):
            source, target = ROOT / name, folder / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                folder.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        return cls(folder, list(configs), cores)

    def override(self, name: str, content: dict) -> "Clone":
        """The same files under one more configuration."""
        (self.folder / "configs" / name).write_text(yaml.safe_dump(content))
        return Clone(self.folder, [*self.configs, f"configs/{name}"], self.cores)

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self._command(words), **self._options(environment), check=False)

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
