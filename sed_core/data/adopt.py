"""A DESED tree as it lies on a disk: found wherever its splits are, never copied or changed.

Trees differ. The reference's data lie in `<basedir>/dcase/dataset`, the synthetic part may still
be below `dcase_synth`, only the 16 kHz copies (`…_16k`) may have been kept, an archive may have
left one folder too many, or one of the name of the folder that it was unpacked in. Links are
followed; files may be wav, flac or another audio format.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sed_core.data.audio_files import count_audio, is_audio
from sed_core.runtime.errors import SedError

# Split -> (audio folder, annotation file or None), below the root.
DESED: dict[str, tuple[str, str | None]] = {
    "synth": (
        "audio/train/synthetic21_train/soundscapes",
        "metadata/train/synthetic21_train/soundscapes.tsv",
    ),
    "synth_val": (
        "audio/validation/synthetic21_validation/soundscapes",
        "metadata/validation/synthetic21_validation/soundscapes.tsv",
    ),
    "strong": ("audio/train/strong_label_real", "metadata/train/audioset_strong.tsv"),
    "weak": ("audio/train/weak", "metadata/train/weak.tsv"),
    "unlabelled": ("audio/train/unlabel_in_domain", "metadata/train/unlabel_in_domain.tsv"),
    "devtest": ("audio/validation/validation", "metadata/validation/validation.tsv"),
    "eval": ("audio/eval21", None),
    "public_eval": ("audio/eval/public", "metadata/eval/public.tsv"),
}
_INSIDE = ("", "dataset", "dcase/dataset")
TOP = "dcase_synth"  # of the synthetic archive


@dataclass(frozen=True)
class Place:
    """Where one split lies; None for what is absent, `clips` counts the audio files."""

    audio: Path | None
    annotations: Path | None
    clips: int


@dataclass(frozen=True)
class Adopted:
    """What a tree holds, by split, and one sentence for each thing that it lacks."""

    splits: dict[str, Place]
    absent: list[str]


def adopt(root: str | Path, splits: Mapping[str, tuple[str, str | None]] | None = None) -> Adopted:
    """Find the splits of a data set below `root`.

    Where several folders could be meant, the one with the most clips is taken; of equals, the
    original before its 16 kHz copy.

    Args:
        root: the tree, or a folder that holds it as `dataset` or `dcase/dataset`.
        splits: split -> (audio folder, annotation file or None), relative; DESED by default.

    Raises:
        SedError: there is no such folder.
    """
    root = Path(root)
    if not root.is_dir():
        raise SedError(
            f"{root} is no folder; set the data set's root (or SED_DATA) to the folder that holds "
            "audio and metadata, or download the data first."
        )
    bases = [root / inside / below for inside in (*_INSIDE, root.name) for below in ("", TOP)]
    bases = [base for base in bases if base.is_dir()]
    places, absent = {}, []
    for split, (audio, annotations) in (splits or DESED).items():
        places[split] = place = _find(bases, audio, annotations)
        if place.audio is None:
            absent.append(f"{split}: no audio in {audio} (or {audio}_16k) below {root}")
        if annotations and place.annotations is None:
            absent.append(f"{split}: no {annotations} below {root}")
    return Adopted(places, absent)


def _find(bases: Iterable[Path], audio: str, annotations: str | None) -> Place:
    folders = [
        _descend(base / (inside + suffix))
        for base in bases
        for inside in _doubled(audio)
        for suffix in ("", "_16k")
    ]
    counts = [count_audio(folder) for folder in folders]
    best = max(range(len(folders)), key=lambda n: (counts[n], -n))
    tables = [base / inside for base in bases for inside in _doubled(annotations or "")]
    table = next((path for path in tables if annotations and path.exists()), None)
    return Place(folders[best] if counts[best] else None, table, counts[best])


def _doubled(inside: str) -> list[str]:
    """`train/audio`, and `train/train/audio`, which unpacking `train.zip` into `train` gives."""
    return [inside, *(f"{top}/{inside}" for top in Path(inside).parts[:1])]


def _descend(folder: Path, deepest: int = 3) -> Path:
    """Go down through folders that hold nothing but one folder."""
    for _ in range(deepest):
        if not folder.is_dir() or any(is_audio(path.name) for path in folder.iterdir()):
            break
        inner = [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]
        if len(inner) != 1:
            break
        folder = inner[0]
    return folder


def link_synth(root: str | Path) -> list[Path]:
    """Make the links by which recipes find the unpacked synthetic archive below `root`.

    As in the reference, `audio/<split>/synthetic21_<split>` is a link to the archive's folder and
    each TSV below `metadata/<split>/synthetic21_<split>` a link to the file; here links are
    relative, so that the tree can be moved. What is there already and works is left alone.

    Returns:
        All links and their stand-ins, sorted.

    Raises:
        SedError: no unpacked archive.
    """
    root = Path(root)
    links = []
    for split in ("train", "validation"):
        place = f"{split}/synthetic21_{split}"
        audio = root / TOP / "audio" / place
        if not audio.is_dir():
            raise SedError(
                f"{audio} does not exist; unpack dcase_synth.zip into {root}, so that it holds "
                f"{TOP}/audio and {TOP}/metadata."
            )
        tables = (root / TOP / "metadata" / place).glob("*.tsv")
        links += [_link(root, path) for path in (audio, *tables)]
    return sorted(links)


def _link(root: Path, to: Path) -> Path:
    path = root / to.relative_to(root / TOP)
    if path.is_symlink() and not path.exists():
        path.unlink()  # dangling: the tree was moved, or the reference linked the wrong folder
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(os.path.relpath(to.resolve(), path.parent.resolve()))
    return path
