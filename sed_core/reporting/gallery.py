"""Example clips of the report: spectrogram, ground truth, detections and sound."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import librosa
import numpy as np
import soundfile
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from sed_core.reporting import style
from sed_core.scoring.events import Events
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import intersection_counts

LEFT, RIGHT, BOTTOM, TOP = 0.07, 0.985, 0.14, 0.97  # of the picture, around the axes
_WINDOW, _HOP, _BANDS = 1024, 200, 96
_RANGE_DB = 70.0
TRUE = "#ffffff"
TINTS = ("#ffb000", "#56d4f5")  # of the systems that are compared, told apart on the dark picture


@dataclass(frozen=True)
class ChosenClip:
    """A clip and why it is shown."""

    clip: int
    why: str
    f1: float


def choose(detections: Events, truth: GroundTruth, *, each: int = 2) -> list[ChosenClip]:
    """The clips with the best, the worst and middling intersection F1, most events first.

    Clips without any event take no part.
    """
    counts = intersection_counts(detections, truth, dtc=0.5, gtc=0.5)
    tp, fp, ref = (getattr(counts, name).sum(1) for name in ("tp", "fp", "ref"))
    clips = np.flatnonzero(ref > 0)
    f1 = 2 * tp[clips] / (tp + fp + ref)[clips]
    order = np.lexsort((clips, -ref[clips], -f1))  # best first, then more events
    middle = np.argsort(np.abs(f1[order] - np.median(f1)), kind="stable")
    picks = {"found well": order[:each], "typical": order[middle], "found badly": order[::-1]}
    shown: list[ChosenClip] = []
    for why, candidates in picks.items():
        taken = {one.clip for one in shown}
        fresh = [at for at in candidates if int(clips[at]) not in taken][:each]
        shown += [ChosenClip(int(clips[at]), why, float(f1[at])) for at in fresh]
    return shown


def clip_f1(detections: Events, truth: GroundTruth, clip: int) -> float:
    """Intersection F1 of one clip, over all its events; 0 where there are none to be found."""
    counts = intersection_counts(detections, truth, dtc=0.5, gtc=0.5)
    tp, fp, ref = (getattr(counts, name)[clip].sum() for name in ("tp", "fp", "ref"))
    return float(2 * tp / (tp + fp + ref)) if ref else 0.0


def log_mel(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """(bands, frames) in dB, the loudest at 0; made to be looked at, not to be trained on."""
    power = librosa.feature.melspectrogram(
        y=samples, sr=sample_rate, n_fft=_WINDOW, hop_length=_HOP, n_mels=_BANDS, htk=True
    )
    return librosa.power_to_db(power, ref=np.max, top_db=_RANGE_DB)


def wav(samples: NDArray[np.float32], sample_rate: int) -> bytes:
    """The samples as a WAV file, which every browser plays."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, sample_rate, format="WAV", subtype="PCM_16")
    return stream.getvalue()


@style.styled
def clip_figure(
    samples: NDArray[np.float32],
    sample_rate: int,
    truth: Events,
    detections: Mapping[str, Events],
    classes: list[str],
) -> Figure:
    """Spectrogram with a lane for each class: what is there above what each system detected.

    Args:
        samples: of the clip.
        sample_rate: Hz.
        truth: events of this clip.
        detections: the events that each system found in it, by the system's name.
        classes: names.
    """
    seconds = len(samples) / sample_rate
    figure = Figure(figsize=(5.4, 3.2))  # its words can be read on a telephone too
    figure.set_layout_engine("none")  # the axes stay where the page expects them
    axes = figure.add_axes((LEFT, BOTTOM, RIGHT - LEFT, TOP - BOTTOM))
    picture = log_mel(samples, sample_rate)
    axes.imshow(picture, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, 1))
    found = detections.values()
    labels = np.unique(np.concatenate([truth.label, *(events.label for events in found)]))
    height = min(0.2, 0.96 / max(len(labels), 1))
    bar = 0.9 * height / (1 + len(detections))
    for lane, label in enumerate(labels):
        top = 0.98 - lane * height
        drawn = [(truth, TRUE), *zip(detections.values(), TINTS, strict=False)]
        own = [(events[events.label == label], tint) for events, tint in drawn]
        for place, (events, tint) in enumerate(own):
            _bars(axes, events, top - place * bar, bar, tint)
        place, events = next((at, events) for at, (events, _) in enumerate(own) if len(events))
        _name(axes, events, top - (place + 0.5) * bar, classes[label].replace("_", " "))
    axes.set(xlim=(0, seconds), ylim=(0, 1), xlabel="seconds", yticks=[])
    axes.set_ylabel(f"mel frequency, 0 to {sample_rate / 2000:g} kHz", fontsize=9)
    axes.grid(visible=False)
    return figure


def _bars(axes: Axes, events: Events, top: float, height: float, tint: str) -> None:
    for onset, offset in zip(events.onset, events.offset, strict=True):
        axes.barh(
            top - height / 2, offset - onset, left=onset, height=height, color=tint, alpha=0.85,
            edgecolor="black", linewidth=0.5,
        )  # fmt: skip


def _name(axes: Axes, events: Events, y: float, name: str) -> None:
    """The class, once in its lane, at its first bar."""
    onset, offset = events.onset.min(), events.offset.max()
    late = onset > axes.get_xlim()[1] / 2  # a long name would run out of the picture
    x, side = (offset - 0.05, "right") if late else (onset + 0.05, "left")
    words = axes.text(x, y, name, fontsize=9, va="center", ha=side, color="black")
    words.set_path_effects([withStroke(linewidth=1.8, foreground="white")])
