"""Published scores of other systems, as printed in their papers."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("published_scores.yaml")


@dataclass(frozen=True)
class Published:
    """One row of somebody else's table; numbers are text, as printed, "" where not given."""

    name: str
    network: str
    hardware: str
    source: str
    psds1_dcase2022: str = ""
    psds2_dcase2022: str = ""
    psds1_exact: str = ""
    psds2_exact: str = ""
    intersection_f1: str = ""
    collar_f1: str = ""
    training_kwh: str = ""
    devtest_kwh: str = ""
    scores_remark: str = ""
    energy_remark: str = ""


def published() -> list[Published]:
    """The published systems on DESED's dev-test set, in the order of the file."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return [Published(**row) for row in content["systems"]]


def grouped(rows: list[Published], field: str) -> list[str]:
    """Sentences `<names>: <value>.` for each value that rows share in a field; "" is left out."""
    names: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        names[getattr(row, field)].append(row.name)
    return [f"{'; '.join(who)}: {what.rstrip('.')}." for what, who in names.items() if what]
