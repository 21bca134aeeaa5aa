"""Count the systems of config.yaml into docs/systems.md: parameters and multiply-accumulates.

    python docs/make_systems_table.py           rewrite the table
    python docs/make_systems_table.py --check   exit with 1 where it is not what the code builds

Counted is the network that is trained, for one clip of 10 s; its pretrained network, which mostly
runs once beforehand, is not.
"""

import argparse
import functools
import json
import re
import sys
from pathlib import Path

import torch
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sed_core.config import systems  # noqa: E402
from sed_core.config.embedding_kinds import FUSIONS  # noqa: E402
from sed_core.config.system import System  # noqa: E402
from sed_core.data.labels import FrameGrid  # noqa: E402
from sed_core.models.complexity import complexity  # noqa: E402
from sed_core.models.network_registry import build  # noqa: E402
from sed_core.training.mean_teacher import fused_net  # noqa: E402

PAGE = ROOT / "docs/systems.md"
BEGIN, END = "<!-- sizes:begin -->", "<!-- sizes:end -->"
VALUES = {"ast": 768, "atst_frame": 768, "beats": 768, "panns": 2048, "yamnet": 1024}
"""Length of the embeddings of each registered network; further ones by their entry."""
VALUES |= {"frame_mn06": 576, "frame_mn10": 960}
FRAMES = {"ast": 1214, "panns": 125}
"""Frames of a clip of 10 s, where 2022's GRU reads them."""
LOGITS = {"ast": 527}
"""`global` of those that give their classes' logits there."""
SKIPPED = ("energy_reference",)
"""Not a system of its own: some epochs of another."""


def counted(system: System) -> tuple[int, int]:
    """Parameters, and multiply-accumulates for a clip."""
    shape = embedding_shape(system)
    net = fused_net(system, shape[0] if shape else None)
    length = FrameGrid.of(system).n_samples // system.feats.hop_length + 1
    mel = (1, system.feats.n_mels, length)
    return _counted(json.dumps(net), len(system.dataset.classes), mel, shape)


@functools.cache
def _counted(
    net: str, n_classes: int, mel: tuple[int, ...], embeddings: tuple[int, ...] | None
) -> tuple[int, int]:
    with torch.device("meta"):
        network = build(json.loads(net), n_classes)
        given = None if embeddings is None else torch.empty(1, *embeddings)
        found = complexity(network, torch.empty(mel), given)
    return found.parameters, found.macs


def embedding_shape(system: System) -> tuple[int, ...] | None:
    """(D,) or (D, T) of a clip's embeddings, as the network takes them; None: it takes none."""
    pretrained = system.pretrained
    model = pretrained.model
    if model is None:
        return None
    size = VALUES.get(model) or VALUES[str(pretrained.network)]
    if pretrained.kind == "global":
        size = LOGITS.get(model, size)
    lengths = {"frame": FRAMES.get(model), "aligned": FrameGrid.of(system).n_frames}
    frames = lengths.get(FUSIONS[pretrained.kind])
    return (size, frames) if frames else (size,)


def table() -> str:
    """The rows of all systems, alike ones in one."""
    text = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    rows: dict[tuple[int, int], list[str]] = {}
    for name, complete in systems.systems(text).items():
        if name not in SKIPPED:
            system = System.from_dict(systems.trained_part(name, complete, text))
            rows.setdefault(counted(system), []).append(f"`{name}`")
    lines = ["| systems | parameters | million MACs a clip |", "|---|---|---|"]
    lines += [
        f"| {', '.join(names)} | {parameters:,} | {macs / 1e6:,.0f} |"
        for (parameters, macs), names in rows.items()
    ]
    return "\n".join(lines)


def main() -> int:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    args = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    block = f"{BEGIN}\n\n{table()}\n\n{END}"
    written = re.sub(f"{BEGIN}.*?{END}", lambda _: block, page, flags=re.S)
    if args.check:
        return int(written != page)
    PAGE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
