"""The files, options and resources of pretrained networks and their embeddings.

Paths begin with the key of `pathvars` that says where they lie, such as `<data>`.
"""

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sed_core.config import encoders
from sed_core.config.embedding_kinds import DERIVED, STORED
from sed_core.config.split_roles import used_splits


@dataclass(frozen=True)
class EmbeddingFiles:
    """What follows from section `embeddings` of a configuration."""

    config: Mapping[str, Any]

    def entry(self, name: str) -> dict[str, Any]:
        """One entry of `embeddings`."""
        return self.config["embeddings"][name]

    def network(self, name: str) -> str:
        """Registered name of an entry's network."""
        return encoders.network(name, self.config)

    def read(self, system: Mapping[str, Any], splits: Iterable[str]) -> list[str]:
        """What a system with a pretrained network reads besides audio; nothing for others."""
        pretrained = system["pretrained"]
        folder = f"<data>/embeddings/{pretrained['model']}"
        if pretrained["model"] is None:
            return []
        if pretrained["e2e"]:
            return [f"{folder}/weights.json"]
        return [f"{folder}/{split}_{STORED[pretrained['kind']]}.h5" for split in splits]

    def predicted_from(self, system: Mapping[str, Any], split: str) -> list[str]:
        """What predicting reads; an end-to-end system has its network inside."""
        return [] if system["pretrained"]["e2e"] else self.read(system, [split])

    def energy(self, system: Mapping[str, Any]) -> list[str]:
        """Energy of the embeddings that a system reads, as far as they are made here."""
        pretrained = system["pretrained"]
        model = pretrained["model"]
        if model is None or pretrained["e2e"] or self.entry(model)["extracted"]:
            return []
        folder, kind = f"<data>/embeddings/{model}", STORED[pretrained["kind"]]
        splits = dict.fromkeys(used_splits(system))
        return [f"{folder}/{split}_{kind}.energy.json" for split in splits]

    def frames(self, embedding: str, kind: str, split: str, ending: str) -> list[str]:
        """The file of `frame` that another kind follows from, where that is asked for."""
        asked = kind in DERIVED and self.entry(embedding)["from_frames"]
        return [f"<data>/embeddings/{embedding}/{split}_frame{ending}"] if asked else []

    def threads(self, name: str) -> int:
        """A small network of mini gains nothing from more than one; several jobs do."""
        return 1 if self.entry(name)["pretraining"] else self.config["compute"]["threads"]

    def gpus(self, embedding: str, kind: str, split: str) -> int:
        """One at most; deriving from frames that are there computes next to nothing."""
        derived = self.frames(embedding, kind, split, ".h5")
        return 0 if derived else min(1, self.config["compute"]["gpus"])

    def weights_options(self, name: str) -> str:
        """Options of a command: addresses, what is changed in the network, checksum."""
        entry = self.entry(name)
        options = [f"--url {shlex.quote(url)}" for url in entry["urls"]]
        if changed := encoders.options(name, self.config):
            options.append(f"--options {shlex.quote(json.dumps(changed, sort_keys=True))}")
        if entry["checksum"]:
            options.append(f"--checksum {entry['checksum']}")
        return " ".join(options)

    def weights_state(self, name: str) -> str | None:
        """Changes with a file put by hand. One that is fetched appears in a run: no change."""
        entry = self.entry(name)
        path = Path(entry["weights"])
        if entry["pretraining"] or entry["urls"] or not path.is_file():
            return None
        return f"{path.stat().st_size} {path.stat().st_mtime_ns}"

    def small_weights(self, name: str) -> list[str]:
        """The file that rule pretrain_mini makes, for entries that ask for it."""
        entry = self.entry(name)
        return [entry["weights"]] if entry["pretraining"] else []

    def entries(self, key: str, *, given: bool) -> list[str]:
        """Names of the entries that give a value for a key, or of those that give none."""
        return [
            name for name, entry in self.config["embeddings"].items() if bool(entry[key]) is given
        ]
