"""The files that say which remotes of a data set are there.

Paths begin with the key of `pathvars` that says where they lie, such as `<data>`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sed_core.data.download.remotes import Remote, read_remotes
from sed_core.runtime.errors import SedError, unknown_name


@dataclass(frozen=True)
class RemoteFiles:
    """What can be fetched, and what tells that it has been."""

    remotes: Mapping[str, Remote]

    @classmethod
    def of(cls, dataset: Mapping[str, Any], name: str) -> "RemoteFiles":
        """The published remotes, with the addresses of a data set laid over them.

        Args:
            dataset: entry of `datasets`.
            name: of the data set.

        Raises:
            SedError: `sources` is no table of remotes, or a split names one that does not exist.
        """
        remotes = read_remotes(dataset.get("sources"))
        for split, entry in dataset["splits"].items():
            for remote in entry.get("remotes", []):
                if remote not in remotes:
                    sentence = unknown_name(remote, remotes, "remote")
                    raise SedError(f"datasets.{name}.splits.{split}: {sentence}")
        return cls(remotes)

    @property
    def archives(self) -> list[str]:
        """Names of the remotes that are files or archives."""
        return [name for name, remote in self.remotes.items() if remote.kind != "clips"]

    @property
    def clips(self) -> dict[str, Remote]:
        """Folder of clips -> its remote."""
        clips = (remote for remote in self.remotes.values() if remote.kind == "clips")
        return {Path(remote.target).name: remote for remote in clips}

    def files(self, names: Iterable[str]) -> list[str]:
        """What says that remotes are complete: a receipt, or for clips the missing ones."""
        return [
            f"missing_files/{remote.report}"
            if remote.kind == "clips"
            else f"<data>/download/{remote.name}.json"
            for remote in map(self.remotes.__getitem__, names)
        ]

    def of_groups(self, *groups: str) -> list[str]:
        """The files of all remotes of some groups."""
        return self.files(name for name, remote in self.remotes.items() if remote.group in groups)

    def beside_clips(self, folder: str) -> list[str]:
        """The metadata that a list of clips comes with."""
        group = self.clips[folder].group
        return self.files(name for name in self.archives if self.remotes[name].group == group)
