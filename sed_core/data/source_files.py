"""Where the clips and tables of a data set lie before they are prepared."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from sed_core.data.adopt import Place, adopt
from sed_core.data.clip_counts import listed_clips
from sed_core.data.folder_state import fingerprint
from sed_core.data.tsv import read_table


@dataclass(frozen=True, eq=False)
class SourceFiles:
    """The files of each split of one entry of `datasets`.

    Args:
        dataset: the entry.
        source: where it comes from: `folder`, `download` or `synthesis`.
        root: the folder that the paths of its splits are below.
        home: the folder of the workflow's own files, for metadata that come with it (`./…`).
    """

    dataset: Mapping[str, Any]
    source: str
    root: Path
    home: Path

    def split(self, name: str) -> dict[str, Any]:
        """One entry of `splits`."""
        return self.dataset["splits"][name]

    def audio(self, split: str) -> str:
        """The split's folder of audio files."""
        place = self._adopted.get(split)
        found = place.audio if place else None
        return str(found or self.root / self.split(split)["audio"])

    def annotations(self, split: str) -> str:
        """The split's TSV, or nothing where it has none."""
        place = self._adopted.get(split)
        path = self.split(split).get("annotations")
        found = place.annotations if place else None
        return str(found or self.root / path) if path else ""

    def metadata(self, split: str) -> str:
        """The split's metadata, in the tree where its annotations were found, or the workflow's."""
        entry = self.split(split)
        if "metadata" not in entry:
            return ""
        if entry["metadata"].startswith("./"):
            return str(self.home / entry["metadata"])
        if "annotations" not in entry:
            return str(self.root / entry["metadata"])
        depth = len(Path(entry["annotations"]).parts)
        return str(Path(self.annotations(split)).parents[depth - 1] / entry["metadata"])

    @cache  # noqa: B019 - one data set a run
    def require_columns(self, split: str, columns: tuple[str, ...]) -> None:
        """Make sure that the split's metadata have some columns, if the table is there by now.

        Raises:
            SedError: one is missing.
        """
        table = self.metadata(split)
        if columns and table and Path(table).is_file():
            read_table(table, ("filename", *columns), allow_empty=True)

    def cut(self, split: str) -> str:
        """What scripts are told of a split whose recordings are cut into windows."""
        return "--cut" if "window_hop" in self.split(split) else ""

    def also(self, split: str) -> str:
        """JSON of the classes whose events are those of another, in order; empty where none are."""
        also = self.split(split).get("also")
        return json.dumps(also) if also else ""

    def state(self, split: str) -> str:
        """Changes when a clip is added, replaced or removed, or a table is edited."""
        tables = [Path(table) for table in (self.annotations(split), self.metadata(split)) if table]
        states = [
            fingerprint(table) if table.is_dir() else str(table.stat().st_mtime_ns)
            for table in tables
            if table.exists()
        ]
        return " ".join([fingerprint(Path(self.audio(split))), *(states or ["0"])])

    @cache  # noqa: B019 - one data set a run
    def listed(self, split: str) -> int | None:
        """How many clips a split can have at most; None where that is not known yet."""
        if self.source == "synthesis":
            return self.split(split)["synthesis"]["clips"]
        if "window_hop" in self.split(split):
            return None  # windows are counted when recordings have been read
        annotations, metadata = self.annotations(split), self.metadata(split)
        return listed_clips(
            Path(self.audio(split)),
            Path(annotations) if annotations else None,
            labels=self.split(split)["labels"],
            metadata=Path(metadata) if metadata else None,
        )

    @cached_property
    def _adopted(self) -> dict[str, Place]:
        """Where the splits of a tree that somebody already has really lie."""
        if self.source != "folder" or not self.root.is_dir():
            return {}
        splits = self.dataset["splits"].items()
        paths = {name: (split["audio"], split.get("annotations")) for name, split in splits}
        return adopt(self.root, paths).splits
