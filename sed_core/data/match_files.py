"""Finding the audio file for each listed name, whatever its suffix or Unicode form."""

import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

from sed_core.data.audio import SUFFIXES
from sed_core.runtime.errors import SedError


def match_files(listed: Iterable[str], found: Mapping[str, Path], *, where: str) -> dict[str, Path]:
    """The file of each listed name that has one.

    `x.wav` may be `x.flac` on disk, and `é` may be one character in the list and two on disk, as
    file systems and archives of Apple write it.

    Args:
        listed: names of clips.
        found: audio files by their names.
        where: what holds them, for the sentence.

    Raises:
        SedError: an absent name is that of a file but for upper and lower case, which on one
            machine is the same clip and on another is not.
    """
    by_stem = {stem(name): path for name, path in found.items()}
    by_text = {_composed(name): path for name, path in by_stem.items()}
    names = list(listed)
    paths = {
        name: found.get(name) or by_stem.get(stem(name)) or by_text.get(_composed(stem(name)))
        for name in names
    }
    folded = {text.casefold(): path.name for text, path in by_text.items()}
    alike = {
        name: folded[key]
        for name, path in paths.items()
        if path is None and (key := _composed(stem(name)).casefold()) in folded
    }
    if alike:
        name, other = next(iter(alike.items()))
        others = f" (and {len(alike) - 1} more)" if len(alike) > 1 else ""
        raise SedError(
            f"{where}: {name} is listed, but there is only {other}, which differs in upper and "
            f"lower case{others}; rename the file or correct the list."
        )
    return {name: path for name, path in paths.items() if path is not None}


def stem(name: str) -> str:
    """Name without an audio suffix (names such as `x_30.000_40.000` have other points)."""
    path = Path(name)
    return path.stem if path.suffix.lower() in SUFFIXES else name


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
