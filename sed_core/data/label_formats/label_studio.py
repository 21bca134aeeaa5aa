"""Label Studio's tasks: JSON with a list, a task a recording, whose regions are its events.

What we write are predictions, to be looked over; what people exported are annotations. For a
labelling interface with `<Labels name="label" toName="audio">` and `<Audio name="audio">`.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sed_core.data.label_formats.labelled_events import (
    TIME_DECIMALS,
    Label,
    RecordingLabels,
    Source,
    from_text,
    in_time,
    rounded_score,
    timed,
    with_confidence,
)


def write(recordings: Iterable[RecordingLabels]) -> Iterator[str]:
    """All recordings in one list."""
    between = "[\n"
    for recording in recordings:
        yield between + json.dumps(_task(recording), ensure_ascii=False)
        between = ",\n"
    yield "\n]\n" if between == ",\n" else "[]\n"


def _task(recording: RecordingLabels) -> dict[str, Any]:
    regions = []
    for number, label in enumerate(recording.labels, start=1):
        regions.append(
            {
                "id": str(number),
                "from_name": "label",
                "to_name": "audio",
                "type": "labels",
                "original_length": round(recording.end, TIME_DECIMALS),
                "score": rounded_score(label.mean),
                "meta": {"text": [with_confidence(label)]},
                "value": {
                    "start": round(label.onset, TIME_DECIMALS),
                    "end": round(label.offset, TIME_DECIMALS),
                    "channel": 0,
                    "labels": [label.name],
                },
            }
        )
    predictions = [{"model_version": "sedlab", "result": regions}]
    return {"data": {"audio": recording.filename}, "predictions": predictions}


def read(source: Source) -> list[RecordingLabels]:
    """Annotations of each task, or predictions where nobody annotated it."""
    found = []
    try:
        for task in json.loads(source.text):
            name = next(value for value in task["data"].values() if isinstance(value, str))
            sets = [one for one in task.get("annotations", []) if not one.get("was_cancelled")]
            labels: list[Label] = []
            duration = None
            for region in (sets or task.get("predictions") or [{"result": []}])[0]["result"]:
                if region.get("type") != "labels":
                    continue
                duration = region.get("original_length", duration)
                value = region["value"]
                onset, offset = timed(source, value["start"], value["end"])
                told = from_text(onset, offset, "".join(region.get("meta", {}).get("text", [])))
                labels += [
                    Label(onset, offset, str(label), told.mean, told.peak)
                    for label in value["labels"]
                ]
            found.append(RecordingLabels(name, in_time(labels), duration))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, StopIteration) as error:
        raise source.refuse(
            "no list of Label Studio's tasks; export it as JSON (not JSON-MIN)."
        ) from error
    return found
