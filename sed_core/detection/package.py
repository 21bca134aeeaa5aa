"""A model as a folder that stands alone: ONNX, classes, decisions, and a clip to check it with.

model.onnx    waveform in, posteriors out, the front end inside
labels.csv    index, name
config.json   windows, filter, thresholds, digests of the other files
clip.wav      a test clip
events.tsv    what the model finds in it at a threshold that config.json names
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sed_core.config.system import System
from sed_core.data.audio_stream import Samples, stream_file
from sed_core.data.label_formats.formats import read_labels
from sed_core.data.label_formats.labelled_events import Label
from sed_core.detection.listener import FrameScores, Listener, PatchListener, SystemListener
from sed_core.detection.pipeline import Decisions, Pipeline
from sed_core.inference.predict import BATCH_SECONDS
from sed_core.runtime.errors import SedError
from sed_core.runtime.files import digest, read_json

FORMAT = 1
MODEL, LABELS, CONFIG, CLIP, EVENTS = (
    "model.onnx",
    "labels.csv",
    "config.json",
    "clip.wav",
    "events.tsv",
)
TOLERANCE = 1e-3  # of scores: another processor rounds otherwise


def session(path: Path) -> Any:
    """An onnxruntime session on the CPU, with as many threads as torch has.

    Raises:
        SedError: onnxruntime is not installed, or cannot read the file.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise SedError(
            f"{path} needs onnxruntime; install it in the clone of sed-core with: "
            "pip install -e '.[export]'."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes, of no common base
        reason = " ".join(str(error).split())[:200]
        raise SedError(f"{path} cannot be run by onnxruntime ({reason}).") from error


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a package.

    Raises:
        SedError: there is none, or of a newer format.
    """
    if not (folder / CONFIG).is_file():
        raise SedError(f"{folder} is no model package: it has no {CONFIG} (sedlab export).")
    config = read_json(folder / CONFIG)
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise SedError(
            f"{folder / CONFIG} has another format than {FORMAT}; export the model again."
        )
    return config


def package_listener(folder: Path, *, live: bool = False) -> Listener:
    """The model of a package, run by onnxruntime.

    Raises:
        SedError: it is none, or is damaged.
    """
    config = read_config(folder)
    run = session(folder / MODEL)
    try:
        listener = _listener(config, run, live)
    except (KeyError, TypeError, AttributeError) as error:
        raise SedError(f"{folder / CONFIG} lacks {error}; export the model again.") from error
    listener.thresholds = config.get("thresholds")
    listener.tuned = config.get("tuned")
    listener.median_window = config["median_window"]
    return listener


def _listener(config: dict[str, Any], run: Any, live: bool) -> Listener:
    if config["kind"] == "patches":

        def patches(samples: Samples) -> FrameScores:
            return run.run(None, {"waveform": samples})[0][0]

        return PatchListener(
            patches,
            config["classes"],
            hop=config["hop"],
            sample_rate=config["sample_rate"],
            patches=1 if live else 64,
        )

    def windows(waveforms: Samples) -> tuple[np.ndarray, np.ndarray]:
        strong, weak = run.run(None, {"waveform": waveforms})
        return strong, weak

    system = System.from_dict(config["system"])
    size = max(1, int(BATCH_SECONDS / 4 / system.dataset.clip_seconds))
    return SystemListener(windows, system, batch_size=1 if live else size)


@dataclass(frozen=True)
class Check:
    """What verifying found.

    Attributes:
        events: number of events expected in the clip.
        largest: difference of their scores.
    """

    events: int
    largest: float


def clip_events(listener: Listener, clip: Path, threshold: float) -> list[Label]:
    """Events of the test clip."""
    line = Pipeline(listener, Decisions(threshold=f"{threshold:.9f}"))
    return line.events(
        stream_file(clip, sample_rate=listener.sample_rate, resampler=listener.resampler)
    )


def verify(folder: Path) -> Check:
    """Hold a package against its own digests, and its model against its expected events.

    Raises:
        SedError: a file is missing or another one, or the model finds other events.
    """
    config = read_config(folder)
    for name, expected in config["files"].items():
        path = folder / name
        if not path.is_file():
            raise SedError(f"{path} is missing; copy the whole folder again.")
        if digest(path) != expected:
            raise SedError(f"{path} is not the file that was exported; copy the folder again.")
    found = clip_events(package_listener(folder), folder / CLIP, config["clip_threshold"])
    expected = [label for one in read_labels(folder / EVENTS, "desed") for label in one.labels]
    key = [(label.onset, label.offset, label.name) for label in found]
    if key != [(label.onset, label.offset, label.name) for label in expected]:
        raise SedError(
            f"{folder}: the model finds {len(found)} events in {CLIP}, not the {len(expected)} of "
            f"{EVENTS}; another version of onnxruntime may differ, else export it again."
        )
    pairs = zip(found, expected, strict=True)
    largest = max((abs(float(a.peak or 0) - float(b.peak or 0)) for a, b in pairs), default=0.0)
    if largest > TOLERANCE:
        raise SedError(f"{folder}: scores differ by {largest:.4f} from those of {EVENTS}.")
    return Check(len(expected), largest)
