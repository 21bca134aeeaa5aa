"""Praat's TextGrid: a tier a class, intervals without a gap between, empty where nothing is."""

import re
from collections.abc import Iterable, Iterator

from sed_core.data.label_formats.labelled_events import (
    Label,
    RecordingLabels,
    Source,
    decimal,
    from_text,
    in_time,
    tiers,
    timed,
    with_confidence,
)

# Praat reads strings, numbers and flags that stand free, and passes over all else.
_TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<!\S)(-?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)(?!\S)')


def write(recordings: Iterable[RecordingLabels]) -> Iterator[str]:
    """One recording, in the long form."""
    for recording in recordings:
        end = decimal(recording.end)
        found = tiers(recording.labels)
        yield 'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
        yield f"xmin = 0\nxmax = {end}\ntiers? <exists>\nsize = {len(found)}\nitem []:\n"
        for number, (name, labels) in enumerate(found.items(), start=1):
            rows = _tiled(labels, end)
            yield f"    item [{number}]:\n"
            yield f'        class = "IntervalTier"\n        name = {_quoted(name)}\n'
            yield f"        xmin = 0\n        xmax = {end}\n"
            yield f"        intervals: size = {len(rows)}\n"
            for row, (start, stop, text) in enumerate(rows, start=1):
                yield f"        intervals [{row}]:\n            xmin = {start}\n"
                yield f"            xmax = {stop}\n            text = {_quoted(text)}\n"


def read(source: Source) -> list[RecordingLabels]:
    """Long and short form; of interval tiers each text, of point tiers each mark."""
    head = source.text[:200]
    if "ooTextFile" not in head or "TextGrid" not in head:
        raise source.refuse("no TextGrid; save it from Praat as a text file.")
    tokens = [
        match[1] if match[2] is None else float(match[2]) for match in _TOKEN.finditer(source.text)
    ]
    take = iter(tokens[2:])
    try:
        _, end, count = next(take), next(take), int(next(take))
        labels: list[Label] = []
        for _ in range(count):
            kind = next(take)
            for _ in range(3):  # name, from, to
                next(take)
            for _ in range(int(next(take))):
                onset = next(take)
                offset = next(take) if kind == "IntervalTier" else onset
                text = str(next(take)).replace('""', '"').strip()
                if text:
                    labels.append(from_text(*timed(source, onset, offset), text))
        duration = float(end)
    except (StopIteration, ValueError) as error:
        raise source.refuse("it breaks off, or is no TextGrid; save it again.") from error
    return [RecordingLabels(source.filename, in_time(labels), duration)]


def _tiled(labels: list[Label], end: str) -> list[tuple[str, str, str]]:
    rows, at = [], "0"
    for label in labels:
        start, stop = decimal(label.onset), decimal(label.offset)
        if start == stop:
            continue  # an interval has a length
        if at != start:
            rows.append((at, start, ""))
        rows.append((start, stop, with_confidence(label)))
        at = stop
    return [*rows, (at, end, "")] if at != end else rows


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
