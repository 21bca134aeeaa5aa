"""Audacity's label track: onset, offset and class of an event, by tabs, without a header.

Mean and peak score follow as two more columns (BirdNET-Analyzer writes one), which Audacity leaves
alone. Lines that begin with a backslash hold a range of frequencies and are passed over.
"""

from collections.abc import Iterable, Iterator

from sed_core.data.label_formats.labelled_events import (
    Label,
    RecordingLabels,
    Source,
    confidence,
    decimal,
    in_time,
    score,
    timed,
)


def write(recordings: Iterable[RecordingLabels]) -> Iterator[str]:
    """One recording's labels."""
    for recording in recordings:
        for label in recording.labels:
            cells = [decimal(label.onset), decimal(label.offset), label.name]
            if label.mean is not None:
                cells += [score(label.mean), score(label.peak)]
            yield "\t".join(cells) + "\n"


def read(source: Source) -> list[RecordingLabels]:
    """Labels of the recording that the file is named after."""
    labels = []
    for number, line in enumerate(source.text.splitlines(), start=1):
        if not line.strip() or line.startswith("\\"):
            continue
        cells = line.split("\t")
        if len(cells) < 3:
            raise source.refuse("expected onset, offset and label with tabs between.", number)
        onset, offset = timed(source, cells[0], cells[1], number)
        scores = [confidence(source, cell, number) for cell in cells[3:5]]
        labels.append(Label(onset, offset, cells[2].strip(), *scores))
    return [RecordingLabels(source.filename, in_time(labels))]
