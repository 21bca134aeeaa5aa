"""The links that put the unpacked synthetic archive where recipes look for it.

The archive holds `dcase_synth/{audio,metadata}/{train,validation}/synthetic21_*`. As in the
reference, `audio/<split>/synthetic21_<split>` is a link to the folder and each TSV below
`metadata/<split>/synthetic21_<split>` a link to the file; here links are relative, so that the
tree can be moved.
"""

import os
from pathlib import Path

from sed_core.runtime.errors import SedError

TOP = "dcase_synth"
SPLITS = ("train", "validation")


def link_synth(root: str | Path) -> list[Path]:
    """Make the links below `root`; what is there already and works is left alone.

    Returns:
        All links and their stand-ins, sorted.

    Raises:
        SedError: no unpacked archive.
    """
    root = Path(root)
    links = []
    for split in SPLITS:
        place = f"{split}/synthetic21_{split}"
        audio = root / TOP / "audio" / place
        if not audio.is_dir():
            raise SedError(
                f"{audio} does not exist; unpack dcase_synth.zip into {root}, so that it holds "
                f"{TOP}/audio and {TOP}/metadata."
            )
        links.append(_link(root / "audio" / place, audio))
        tables = sorted((root / TOP / "metadata" / place).glob("*.tsv"))
        links += [_link(root / "metadata" / place / table.name, table) for table in tables]
    return sorted(links)


def _link(path: Path, to: Path) -> Path:
    if path.is_symlink() and not path.exists():
        path.unlink()  # dangling: the tree was moved, or the reference linked the wrong folder
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(os.path.relpath(to.resolve(), path.parent.resolve()))
    return path
