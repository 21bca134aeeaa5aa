"""What is done already: a line a recording, so that an interrupted run goes on where it stopped."""

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

from sed_core.data.label_formats.labelled_events import Label, RecordingLabels
from sed_core.detection.find_recordings import Recording
from sed_core.runtime.errors import SedError


class Journal:
    """Finished recordings, keyed by name, size and time of change, under one set of settings.

    Lines of other settings, of files that have changed since, and a last line that was not written
    to its end do not count.

    Args:
        path: of the file, made when the first recording is done; None: nothing is kept.
        settings: digest of all that decides on the events.
    """

    def __init__(self, path: Path | None, settings: str) -> None:
        self.path, self.settings = path, settings
        self.done: dict[tuple[str, int, int], dict[str, Any]] = {}
        whole = b""
        if path is not None and path.is_file():
            whole = path.read_bytes()
            whole = whole[: whole.rfind(b"\n") + 1]
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
                if entry["settings"] == settings:
                    self.done[entry["name"], entry["size"], entry["changed"]] = entry
            except (ValueError, KeyError, TypeError) as error:
                raise SedError(
                    f"{path} is no journal of detected recordings; delete it, or give --output "
                    "another name."
                ) from error
        self._stream = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = path.open("r+b" if path.is_file() else "w+b")
            self._stream.truncate(len(whole))
            self._stream.seek(len(whole))

    def has(self, recording: Recording) -> bool:
        """Whether it is done."""
        return (recording.name, recording.size, recording.changed) in self.done

    def add(self, recording: Recording, found: RecordingLabels | str) -> None:
        """Note the events of a recording, or why it cannot be used."""
        entry: dict[str, Any] = {
            "settings": self.settings,
            "name": recording.name,
            "size": recording.size,
            "changed": recording.changed,
        }
        if isinstance(found, str):
            entry["unusable"] = found
        else:
            entry["duration"] = found.duration
            entry["labels"] = [astuple(label) for label in found.labels]
        self.done[recording.name, recording.size, recording.changed] = entry
        if self._stream is not None:
            self._stream.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
            self._stream.flush()

    def found(self, recording: Recording) -> RecordingLabels | str:
        """What was noted."""
        entry = self.done[recording.name, recording.size, recording.changed]
        if "unusable" in entry:
            return str(entry["unusable"])
        labels = [Label(*values) for values in entry["labels"]]
        return RecordingLabels(recording.name, labels, entry["duration"])
