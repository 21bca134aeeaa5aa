"""What every label format holds: recordings, and in each the events with their confidence."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sed_core.runtime.errors import SedError

TIME_DECIMALS, SCORE_DECIMALS = 6, 4
_CONFIDENCE = re.compile(r"\s+mean=(\d*\.?\d+) peak=(\d*\.?\d+)$")


@dataclass(frozen=True)
class Label:
    """One event.

    Attributes:
        onset, offset: seconds from the start of the recording.
        name: the class.
        mean, peak: of the scores of its frames; None where nobody scored it.
    """

    onset: float
    offset: float
    name: str
    mean: float | None = None
    peak: float | None = None


@dataclass(frozen=True)
class RecordingLabels:
    """The events of one recording, possibly none.

    Attributes:
        filename: as it was given, folders with slashes.
        labels: in order of time.
        duration: seconds; None where the format does not say.
    """

    filename: str
    labels: Sequence[Label]
    duration: float | None = None

    @property
    def end(self) -> float:
        """Seconds that the recording certainly has."""
        return max([self.duration or 0.0, *(label.offset for label in self.labels)])


@dataclass(frozen=True)
class Source:
    """A file to be read: its text, its path for complaints, and the recording that it is about.

    Formats of one file a recording often do not name it; `filename` then does.
    """

    text: str
    path: str
    filename: str

    def refuse(self, what: str, row: int | None = None) -> SedError:
        """The complaint about this file, to be raised."""
        return SedError(f"{self.path}{f', row {row}' if row else ''}: {what}")


@dataclass(frozen=True)
class Format:
    """A label format.

    Attributes:
        suffix: of its files.
        program: that reads it.
        one_file: all recordings share a file; else each has its own.
        write: recordings -> pieces of the text.
        read: a file -> recordings.
    """

    suffix: str
    program: str
    one_file: bool
    write: Callable[[Iterable[RecordingLabels]], Iterator[str]]
    read: Callable[[Source], list[RecordingLabels]]


def in_time(labels: Iterable[Label]) -> list[Label]:
    """In order of onset, offset, class."""
    return sorted(labels, key=lambda label: (label.onset, label.offset, label.name))


def decimal(value: float | None, places: int = TIME_DECIMALS) -> str:
    """A number without an exponent and without zeros at its end; empty for None."""
    if value is None:
        return ""
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def score(value: float | None) -> str:
    """A confidence as text."""
    return decimal(value, SCORE_DECIMALS)


def rounded_score(value: float | None) -> float | None:
    """A confidence as a number of JSON."""
    return None if value is None else round(value, SCORE_DECIMALS)


def with_confidence(label: Label) -> str:
    """Class and confidence in one text, for formats that have one text an event."""
    if label.mean is None or label.peak is None:
        return label.name
    return f"{label.name} mean={score(label.mean)} peak={score(label.peak)}"


def from_text(onset: float, offset: float, text: str) -> Label:
    """The event of such a text."""
    found = _CONFIDENCE.search(text)
    if not found:
        return Label(onset, offset, text.strip())
    return Label(onset, offset, text[: found.start()].strip(), float(found[1]), float(found[2]))


def timed(
    source: Source, onset: object, offset: object, row: int | None = None
) -> tuple[float, float]:
    """Two times of a file as seconds.

    Raises:
        SedError: they are no numbers, below 0, or the wrong way round.
    """
    try:
        start, end = float(str(onset)), float(str(offset))
    except ValueError as error:
        raise source.refuse(
            f"the times {onset!r} and {offset!r} are not both numbers; expected seconds such as "
            "3.52.",
            row,
        ) from error
    if not 0 <= start <= end < float("inf"):
        raise source.refuse(
            f"the event goes from {start:g} to {end:g} s; expected 0 <= onset <= offset, so mend "
            "or remove it.",
            row,
        )
    return start, end


def confidence(source: Source, cell: str, row: int) -> float:
    """A score in a file.

    Raises:
        SedError: it is no number.
    """
    try:
        return float(cell)
    except ValueError as error:
        raise source.refuse(f"the score {cell!r} is not a number; correct it.", row) from error


def tiers(labels: Iterable[Label]) -> dict[str, list[Label]]:
    """Events by class, in time; where two of a class overlap, the later goes to `<class> (2)`, …

    Programs that show a line a class do not let its events overlap.
    """
    found: dict[str, list[Label]] = {}
    for label in in_time(labels):
        name, number = label.name, 1
        while name in found and found[name][-1].offset > label.onset:
            number += 1
            name = f"{label.name} ({number})"
        found.setdefault(name, []).append(label)
    return found
