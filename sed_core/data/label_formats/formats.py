"""The label formats by name; reading and writing files of them."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from sed_core.data.label_formats import (
    audacity,
    elan,
    jams,
    json_lines,
    label_studio,
    raven,
    tables,
    textgrid,
)
from sed_core.data.label_formats.labelled_events import Format, RecordingLabels, Source
from sed_core.runtime.errors import SedError, unknown_name
from sed_core.runtime.files import atomic

FORMATS: dict[str, Format] = {
    "desed": Format(".tsv", "DESED, this workflow", True, tables.write_tsv, tables.read_tsv),
    "csv": Format(".csv", "spreadsheets", True, tables.write_csv, tables.read_csv),
    "jsonl": Format(".jsonl", "programs", True, json_lines.write, json_lines.read),
    "audacity": Format(".txt", "Audacity", False, audacity.write, audacity.read),
    "textgrid": Format(".TextGrid", "Praat", False, textgrid.write, textgrid.read),
    "raven": Format(".selections.txt", "Raven", False, raven.write, raven.read),
    "elan": Format(".eaf", "ELAN", False, elan.write, elan.read),
    "labelstudio": Format(".json", "Label Studio", True, label_studio.write, label_studio.read),
    "jams": Format(".jams", "JAMS, scaper", False, jams.write, jams.read),
}


def format_of(path: str | Path, name: str | None = None) -> Format:
    """The format of that name, or the one that a path's suffix means.

    Raises:
        SedError: there is none.
    """
    if name is not None and name not in FORMATS:
        raise SedError(unknown_name(name, FORMATS, "label format"))
    return FORMATS[name or name_of(path)]


def name_of(path: str | Path) -> str:
    """The name of the format whose suffix a path has, the longest that fits.

    Raises:
        SedError: there is none.
    """
    lower = Path(path).name.lower()
    fitting = [key for key, one in FORMATS.items() if lower.endswith(one.suffix.lower())]
    if not fitting:
        known = ", ".join(f"{one.suffix} ({key})" for key, one in FORMATS.items())
        raise SedError(f"{path}: no label format has this suffix; there are {known}.")
    return max(fitting, key=lambda key: len(FORMATS[key].suffix))


def read_labels(path: str | Path, name: str | None = None) -> list[RecordingLabels]:
    """Recordings and events of a label file.

    Args:
        path: the file.
        name: key of `FORMATS`; None: by its suffix.

    Raises:
        SedError: no such file or format, no text, or a row that is wrong.
    """
    file, form = Path(path), format_of(path, name)
    try:
        text = file.read_bytes()
    except FileNotFoundError as error:
        raise SedError(f"{path} does not exist; give the path of a label file.") from error
    except IsADirectoryError as error:
        raise SedError(f"{path} is a folder; give the label files in it.") from error
    encoding = "utf-16" if text[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"  # Praat has both
    try:
        content = text.decode(encoding)
    except UnicodeDecodeError as error:
        raise SedError(f"{path} is no text in UTF-8; save it as such.") from error
    lower = file.name.lower()
    stem = file.name[: -len(form.suffix)] if lower.endswith(form.suffix.lower()) else file.stem
    return form.read(Source(content, str(path), stem))


def write_labels(target: str | Path, name: str, recordings: Iterable[RecordingLabels]) -> None:
    """Write one file: of all recordings, or of one where the format has a file for each.

    Raises:
        SedError: there is no such format.
    """
    with atomic(target) as draft, draft.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(format_of(target, name).write(recordings))


def save_labels(
    recordings: Sequence[RecordingLabels], output: Path | None, name: str | None
) -> list[Path]:
    """Write the labels of any number of recordings to where a user wants them.

    Args:
        recordings: labels; folders in their names become folders of the output.
        output: a file, or the folder of a file for each; None: print.
        name: key of `FORMATS`; None: by the suffix of `output`, `desed` where nothing is said.

    Returns:
        The files written.

    Raises:
        SedError: no such format, or a file is wanted of a format with one for each recording.
    """
    if name is None:
        name = name_of(output) if output is not None and not output.is_dir() else "desed"
    form = FORMATS[name]
    if output is None:
        sys.stdout.writelines(form.write(recordings))
        return []
    if form.one_file:
        target = output / f"events{form.suffix}" if output.is_dir() else output
        write_labels(target, name, recordings)
        return [target]
    if len(recordings) == 1 and output.suffix and not output.is_dir():
        write_labels(output, name, recordings)
        return [output]
    if output.is_file():
        raise SedError(
            f"{output} is a file, but {name} has a file for each recording; name a folder."
        )
    names = [recording.filename for recording in recordings]
    paths = [output / path for path in label_paths(names, form.suffix)]
    for path, recording in zip(paths, recordings, strict=True):
        write_labels(path, name, [recording])
    return paths


def label_paths(filenames: Sequence[str], suffix: str) -> list[str]:
    """Paths of the label files of recordings: the suffix in place of theirs.

    Recordings that differ in nothing but their suffix keep it, so that none overwrites another.
    """
    stems = [str(PurePosixPath(name).with_suffix("")) for name in filenames]
    count = Counter(stem.casefold() for stem in stems)
    return [
        (name if count[stem.casefold()] > 1 else stem) + suffix
        for name, stem in zip(filenames, stems, strict=True)
    ]
