"""The files of the data set and the downloads it needs; no rules here."""

import os

from sed_core.data.download.remotes import configured_remotes
from sed_core.data.source_files import SourceFiles

OWN_DATA = os.environ.get("SED_DATA") if DATASET["source"] != "synthesis" else None
SOURCE = SourceFiles(
    DATASET,
    source="folder" if OWN_DATA else DATASET["source"],
    root=Path(OWN_DATA or DATASET["root"]),
    home=HOME,
)
SOURCES = sorted(
    file.stem.partition("_")[2] for file in (HOME / "rules").glob("source_*.smk")
)
if SOURCE.source not in SOURCES:
    raise SystemExit(
        f"error: config: datasets.{config['dataset']}.source: there is no '{SOURCE.source}'; there "
        f"is {', '.join(SOURCES)}."
    )
try:  # where nothing is downloaded, names of remotes are not looked at
    REMOTES = configured_remotes(
        {**DATASET, "splits": DATASET["splits"] if SOURCE.source == "download" else {}},
        config["dataset"],
    )
except SedError as error:
    raise SystemExit(f"error: config: {error}")
