"""JSON lines: an object an event, with the keys that tables have as columns."""

import json
from collections.abc import Iterable, Iterator

from sed_core.data.label_formats.labelled_events import (
    TIME_DECIMALS,
    Label,
    RecordingLabels,
    Source,
    in_time,
    rounded_score,
    timed,
)


def event_line(filename: str, label: Label) -> str:
    """One event as one line."""
    content = {
        "filename": filename,
        "onset": round(label.onset, TIME_DECIMALS),
        "offset": round(label.offset, TIME_DECIMALS),
        "event_label": label.name,
        "mean_score": rounded_score(label.mean),
        "peak_score": rounded_score(label.peak),
    }
    return json.dumps(content, ensure_ascii=False) + "\n"


def write(recordings: Iterable[RecordingLabels]) -> Iterator[str]:
    """A recording without events is a line with its name only."""
    for recording in recordings:
        if not recording.labels:
            yield json.dumps({"filename": recording.filename}, ensure_ascii=False) + "\n"
        for label in recording.labels:
            yield event_line(recording.filename, label)


def read(source: Source) -> list[RecordingLabels]:
    """Lines in any order; other keys are left alone."""
    found: dict[str, list[Label]] = {}
    for number, line in enumerate(source.text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            labels = found.setdefault(str(row["filename"]), [])
            if "event_label" not in row:
                continue
            onset, offset = timed(source, row["onset"], row["offset"], number)
            scores = row.get("mean_score"), row.get("peak_score")
            labels.append(Label(onset, offset, str(row["event_label"]), *scores))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise source.refuse(
                "no event; expected a JSON object with filename, onset, offset and event_label.",
                number,
            ) from error
    return [RecordingLabels(name, in_time(labels)) for name, labels in found.items()]
