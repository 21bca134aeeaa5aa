"""What deciding early and storing weights with 8 bits cost in PSDS.

    python benchmarks/live_cost.py results/mini/crnn/seed*/model.pt --live 1,1 0.25,1

Scores the clips of a split as the workflow does, as `sedlab listen` hears them in the middle of a
stream (the clip before them lies in the window, the next one follows), and with the exported
package of 8 bits; prints rows of a Markdown table, means over the models given. The figures are
PSDS1 and PSDS2 on the scale of 2022, filtered by the median window of `sedlab listen`.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from sed_core.data.corpus import Corpus
from sed_core.data.layout import PreparedData
from sed_core.detection.eight_bits import with_eight_bits
from sed_core.detection.export import write_package
from sed_core.detection.export_model import export_model
from sed_core.detection.listener import SystemListener
from sed_core.detection.live import LiveSystemListener
from sed_core.detection.models import load_listener
from sed_core.detection.package import MODEL, package_listener
from sed_core.runtime.device import prepare
from sed_core.scoring.aligned_scores import align
from sed_core.scoring.evaluate import evaluate_scores
from sed_core.scoring.frames import from_padded
from sed_core.scoring.ground_truth import read_ground_truth
from sed_core.scoring.settings import Settings

CPU = torch.device("cpu")
Way = Callable[[SystemListener, list[np.ndarray], int], np.ndarray]


def offline(listener: SystemListener, clips: list[np.ndarray], number: int) -> np.ndarray:
    """(T, C) scores of one clip by itself."""
    return np.concatenate(list(listener.hear([clips[number]])))


def live(hop: float, tail: float | None) -> Way:
    """Scores of a clip in a stream of clips."""

    def hear(listener: SystemListener, clips: list[np.ndarray], number: int) -> np.ndarray:
        grid = listener.windows.grid
        before = clips[number - 1][-grid.n_frames * grid.frame_samples :]
        after = clips[(number + 1) % len(clips)][: round((hop + 2) * listener.sample_rate)]
        stream = np.concatenate([before, clips[number], after])
        blocks = np.array_split(stream, len(stream) // 1600)
        scores = np.concatenate(list(LiveSystemListener(listener, hop=hop, tail=tail).hear(blocks)))
        return scores[len(before) // grid.frame_samples :][: grid.n_frames]

    return hear


def psds(listener: SystemListener, way: Way, data: PreparedData, split: str) -> tuple[float, float]:
    """PSDS1 and PSDS2 of a split."""
    audio = Corpus.open(data.audio(split))
    n_samples = listener.windows.grid.n_samples
    clips = list(audio.gather(range(len(audio)), n_samples))
    scores = np.stack([way(listener, clips, number) for number in range(len(clips))])
    truth = read_ground_truth(data.ground_truth(split), data.durations(split), listener.classes)
    frames = from_padded(
        scores,
        filenames=audio.filenames,
        classes=listener.classes,
        frame_seconds=listener.frame_seconds,
    )
    settings = Settings(median_window=listener.median_window)
    metrics = evaluate_scores(align(frames, truth), settings).metrics
    return metrics["psds1"]["dcase2022"]["value"], metrics["psds2"]["dcase2022"]["value"]


def eight_bits(model: str, folder: Path) -> SystemListener:
    """The package of a model, with 8 bits."""
    folder.mkdir(parents=True)
    listener, content, _ = export_model(model, folder / MODEL, network="student", weights=None)
    with_eight_bits(folder / MODEL, folder / MODEL)
    write_package(folder, listener, content=content)
    small = package_listener(folder)
    assert isinstance(small, SystemListener)
    return small


def system_listener(model: str) -> SystemListener:
    """A trained system, by its model."""
    found = load_listener(model, CPU, live=True)
    assert isinstance(found, SystemListener)
    return found


def main() -> None:
    """Score each way of hearing, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--data", type=Path, default="data/mini")
    parser.add_argument("--split", default="devtest")
    parser.add_argument("--live", nargs="*", default=["1,1"], metavar="HOP[,TAIL]")
    parser.add_argument("--no-int8", action="store_true")
    args = parser.parse_args()
    prepare(gpus=0, threads=1)

    name = Path(args.models[0]).parents[1].name
    listeners = [system_listener(model) for model in args.models]
    rows: list[tuple[str, list[SystemListener], Way]] = [("offline", listeners, offline)]
    for pair in args.live:
        hop, tail = float(pair.split(",")[0]), next(map(float, pair.split(",")[1:]), None)
        late = LiveSystemListener(listeners[0], hop=hop, tail=tail).latency
        rows.append((f"live, a frame is known {late:.2f} s after it", listeners, live(hop, tail)))
    with tempfile.TemporaryDirectory() as scratch:
        if not args.no_int8:
            small = [eight_bits(m, Path(scratch) / str(n)) for n, m in enumerate(args.models)]
            rows.append(("offline, weights of 8 bits", small, offline))
        for words, heard, way in rows:
            found = np.mean(
                [psds(one, way, PreparedData(args.data), args.split) for one in heard], axis=0
            )
            print(f"| `{name}` | {words} | {found[0]:.3f} | {found[1]:.3f} |", flush=True)


if __name__ == "__main__":
    main()
