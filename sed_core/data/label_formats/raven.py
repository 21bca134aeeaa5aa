"""Raven's selection tables: tabs, a row an event, over the whole band."""

from collections.abc import Iterable, Iterator

from sed_core.data.label_formats.labelled_events import (
    TIME_DECIMALS,
    Label,
    RecordingLabels,
    Source,
    confidence,
    decimal,
    in_time,
    score,
    timed,
)

HIGHEST = "8000"  # Hz; what networks at 16 kHz hear
COLUMNS = (
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Begin Path",
    "File Offset (s)",
    "Event Label",
    "Mean Score",
    "Peak Score",
)
NAMES = ("Event Label", "Annotation", "Label", "Species", "Common Name", "Tags")
"""Columns of one's own in which people keep the class, in the order in which they are tried."""


def write(recordings: Iterable[RecordingLabels]) -> Iterator[str]:
    """One recording's selections."""
    yield "\t".join(COLUMNS) + "\n"
    for recording in recordings:
        for number, label in enumerate(recording.labels, start=1):
            onset, offset = decimal(label.onset), decimal(label.offset)
            band = ["0", HIGHEST, recording.filename, onset]
            own = [label.name, score(label.mean), score(label.peak)]
            cells = [str(number), "Spectrogram 1", "1", onset, offset, *band, *own]
            yield "\t".join(cells) + "\n"


def read(source: Source) -> list[RecordingLabels]:
    """Also tables over several files, whose times add up over them.

    There `Begin Path` (or `Begin File`) names the file and `File Offset (s)` the time in it.
    """
    rows = [line.split("\t") for line in source.text.splitlines() if line.strip()]
    header = [cell.strip() for cell in rows[0]] if rows else []
    column = next((name for name in NAMES if name in header), None)
    if column is None or not {"Begin Time (s)", "End Time (s)"} <= set(header):
        raise source.refuse(
            "expected Begin Time (s), End Time (s) and a column with the class, such as "
            f"{', '.join(NAMES[:3])}.",
            1,
        )
    found: dict[str, list[Label]] = {}
    for number, cells in enumerate(rows[1:], start=2):
        row = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        if row.get("View", "Spectrogram 1") != "Spectrogram 1":
            continue  # the waveform's view repeats the selection
        onset, offset = timed(source, row.get("Begin Time (s)"), row.get("End Time (s)"), number)
        name = row.get("Begin Path") or row.get("Begin File") or source.filename
        if row.get("File Offset (s)"):
            begin, _ = timed(source, row["File Offset (s)"], row["File Offset (s)"], number)
            onset, offset = begin, round(begin + offset - onset, TIME_DECIMALS)
        scores = (
            confidence(source, row[key], number) if row.get(key) else None for key in COLUMNS[-2:]
        )
        label = Label(onset, offset, row.get(column, ""), *scores)
        found.setdefault(name.replace("\\", "/"), []).append(label)
    if not found:
        return [RecordingLabels(source.filename, [])]
    return [RecordingLabels(name, in_time(labels)) for name, labels in found.items()]
