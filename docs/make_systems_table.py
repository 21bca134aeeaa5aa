"""Count all systems into docs/systems.md: parameters and multiply-accumulates.

    python docs/make_systems_table.py           rewrite the table
    python docs/make_systems_table.py --check   exit with 1 where it is not what the code builds

Counted are a system's own network and, apart from it, a pretrained network that runs inside the
system (`pretrained.e2e`), for one clip of 10 s; one that runs once beforehand is not.
"""

import argparse
import functools
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sed_core.config import systems  # noqa: E402
from sed_core.config.embedding_kinds import FUSIONS  # noqa: E402
from sed_core.config.system import System  # noqa: E402
from sed_core.data.labels import FrameGrid  # noqa: E402
from sed_core.features.embeddings.encoder_registry import encoder_class  # noqa: E402
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


def inside(system: System) -> str:
    """The pretrained network that runs inside the system, and its size; empty: none does."""
    pretrained = system.pretrained
    if not pretrained.e2e:
        return ""
    encoder = encoder_class(str(pretrained.network), pretrained.options)
    with torch.device("meta"):
        clip = torch.empty(1, FrameGrid.of(system).n_samples)
        found = complexity(encoder(), clip, kind=pretrained.stored)
    role = "frozen" if pretrained.freezed else "trained along"
    role += ", a second one for the teacher" if pretrained.own_teacher else ""
    size = f"{found.parameters:,} parameters, {found.macs / 1e6:,.0f} million MACs"
    return f"{encoder.__name__}, {role}: {size}"


def configurations() -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Each configuration that stands alone, with the systems that only it has.

    One of `configs` stands alone if it names its data set; others are laid over one that does.
    """
    base = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    yield base, [name for name in base["systems"] if name not in SKIPPED]
    for path in sorted((ROOT / "configs").glob("*.yaml")):
        own = yaml.safe_load(path.read_text(encoding="utf-8"))
        names = [name for name in own.get("systems", {}) if name not in base["systems"]]
        if "dataset" in own and names:
            yield systems.merge(base, own), names


def table() -> str:
    """The rows of all systems, alike ones in one."""
    rows: dict[tuple[int, int, str], list[str]] = {}
    for config, names in configurations():
        complete = systems.systems(config)
        for name in names:
            system = System.from_dict(systems.trained_part(name, complete[name], config))
            rows.setdefault((*counted(system), inside(system)), []).append(f"`{name}`")
    lines = [
        "| systems | parameters | million MACs a clip | pretrained network inside |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {', '.join(names)} | {parameters:,} | {macs / 1e6:,.0f} | {encoder or '–'} |"
        for (parameters, macs, encoder), names in rows.items()
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
