"""Many recordings through one model, in several processes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path

from sed_core.data.audio_stream import Samples, UnusableAudioError, stream_file
from sed_core.data.label_formats.labelled_events import RecordingLabels
from sed_core.data.parallel import ordered_map
from sed_core.detection.find_recordings import Recording
from sed_core.detection.listener import FrameScores
from sed_core.detection.models import MODELS, load_listener
from sed_core.detection.pipeline import Decisions, Pipeline
from sed_core.runtime.device import prepare, torch_device
from sed_core.runtime.files import digest, digest_json


@dataclass(frozen=True)
class Request:
    """What every process needs to know.

    Attributes:
        model, network, weights: see `models.load_listener`.
        decisions: how scores become events.
        gpus: 0 or 1.
        threads: of a process.
    """

    model: str
    network: str
    weights: Path | None
    decisions: Decisions
    gpus: int
    threads: int

    def __hash__(self) -> int:
        return hash(repr(self))

    def settings(self) -> str:
        """Digest of all that decides on the events."""
        content = asdict(self.decisions)
        content["network"] = self.network
        files = [self.model, self.weights, self.decisions.threshold]
        for number, file in enumerate(files):
            known = file is None or str(file) in MODELS or not Path(file).is_file()
            content[f"file {number}"] = str(file) if known else digest(str(file))
        return digest_json(content)


@cache
def pipeline(request: Request) -> Pipeline:
    """The model and decisions, loaded once in each process."""
    prepare(gpus=request.gpus, threads=request.threads)
    listener = load_listener(
        request.model, torch_device(), network=request.network, weights=request.weights
    )
    return Pipeline(listener, request.decisions)


def detect(
    line: Pipeline,
    recording: Recording,
    scores: AbstractContextManager[Callable[[FrameScores], None] | None] | None = None,
) -> RecordingLabels | str:
    """The events of one recording, or why it cannot be used.

    The file is read and heard block by block: memory does not grow with its length, unless the
    model's post-processing needs the whole.

    Args:
        line: what hears it.
        recording: the file.
        scores: gives what takes its frame scores, piece by piece, on the way.
    """
    count = 0

    def counted(blocks: Iterator[Samples]) -> Iterator[Samples]:
        nonlocal count
        for block in blocks:
            count += len(block)
            yield block

    heard = line.listener
    try:
        blocks = stream_file(
            recording.path, sample_rate=heard.sample_rate, resampler=heard.resampler
        )
        with scores or nullcontext() as keep:
            labels = line.events(counted(blocks), keep)
    except UnusableAudioError as error:
        return str(error)
    return RecordingLabels(recording.name, labels, count / heard.sample_rate)


def _detect(request: Request, recording: Recording) -> RecordingLabels | str:
    return detect(pipeline(request), recording)


def not_heard(bad: Sequence[str], done: int) -> str:
    """A sentence on recordings that cannot be used, which cost the others nothing.

    Args:
        bad: what is wrong with each; the first five are told.
        done: how many others there are.
    """
    more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
    others = f"; the other {done} recordings are done" if done else ""
    return f"{'; '.join(bad[:5])}{more}{others}."


def detect_all(
    request: Request, recordings: Sequence[Recording], *, jobs: int
) -> Iterator[tuple[Recording, RecordingLabels | str]]:
    """Events of each recording, in order."""
    found = ordered_map(partial(_detect, request), recordings, jobs=jobs)
    yield from zip(recordings, found, strict=True)
