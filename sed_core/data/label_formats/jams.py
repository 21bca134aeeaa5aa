"""JAMS: JSON of one recording, with an annotation of the namespace `segment_open`.

`confidence` is the mean score; the peaks lie in the annotation's sandbox. Read are `scaper`
annotations too, of which the background says nothing about events.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sed_core.data.label_formats.labelled_events import (
    TIME_DECIMALS,
    Label,
    RecordingLabels,
    Source,
    in_time,
    rounded_score,
    timed,
)

NAMESPACES = ("segment_open", "tag_open", "scaper")
VERSION = "0.3.4"


def write(recordings: Iterable[RecordingLabels]) -> Iterator[str]:
    """One recording."""
    for recording in recordings:
        observations = [
            {
                "time": round(label.onset, TIME_DECIMALS),
                "duration": round(label.offset - label.onset, TIME_DECIMALS),
                "value": label.name,
                "confidence": rounded_score(label.mean),
            }
            for label in recording.labels
        ]
        annotation = {
            "annotation_metadata": {"annotation_tools": "sedlab", "data_source": "program"},
            "namespace": "segment_open",
            "data": observations,
            "sandbox": {"peak_scores": [rounded_score(label.peak) for label in recording.labels]},
            "time": 0,
            "duration": round(recording.end, TIME_DECIMALS),
        }
        content = {
            "annotations": [annotation],
            "file_metadata": {
                "title": recording.filename,
                "duration": round(recording.end, TIME_DECIMALS),
                "identifiers": {},
                "jams_version": VERSION,
            },
            "sandbox": {},
        }
        yield json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def read(source: Source) -> list[RecordingLabels]:
    """The first annotation of a known namespace."""
    try:
        content = json.loads(source.text)
        told = [one for one in content["annotations"] if one["namespace"] in NAMESPACES]
        if not told:
            raise source.refuse(f"no annotation in one of {', '.join(NAMESPACES)}.")
        peaks = told[0].get("sandbox", {}).get("peak_scores", [])
        labels = []
        for number, one in enumerate(told[0]["data"]):
            name, is_event = _name(one["value"])
            if not is_event:
                continue
            onset, offset = timed(
                source, one["time"], round(one["time"] + one["duration"], TIME_DECIMALS)
            )
            peak = peaks[number] if number < len(peaks) else None
            labels.append(Label(onset, offset, name, one.get("confidence"), peak))
        meta = content.get("file_metadata", {})
        filename = meta.get("title") or source.filename
        return [RecordingLabels(str(filename), in_time(labels), meta.get("duration"))]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise source.refuse("no JAMS; expected annotations with namespace and data.") from error


def _name(value: Any) -> tuple[str, bool]:
    if isinstance(value, dict):
        return str(value["label"]), value.get("role", "foreground") == "foreground"
    return str(value), True
