"""How much the small pretrained networks of `mini` know: average precision on dev-test.

    python benchmarks/taggers.py [--data data/mini] [--steps 600 400] [--seeds 0 1]

Teaches both anew on `tagging` as rule pretrain_mini does, from data of `mini` (docs/mini.md has the
command), and asks them about other clips: which classes are in a clip, and in a moment of it. A
network that guesses has the share of positives as its average precision.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import yaml
from sklearn.metrics import average_precision_score

from sed_core.data.corpus import Corpus
from sed_core.data.layout import PreparedData
from sed_core.features.embeddings.pretrain import pretrain
from sed_core.features.embeddings.taggers import Tagger

SECONDS = 10.0
MINI = Path(__file__).parents[1] / "configs/mini.yaml"
CLASSES = yaml.safe_load(MINI.read_text())["datasets"]["mini"]["classes"]


@torch.inference_mode()
def answers(tagger: Tagger, corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """Logits of clips (N, C) and of their moments (N, T, C)."""
    tagger.eval()
    n_samples = round(SECONDS * tagger.encoder.sample_rate)
    found = []
    for row in range(len(corpus)):
        samples = torch.from_numpy(corpus.gather([row], n_samples))
        found.append(tagger(tagger.encoder.features(samples)))
    clips, moments = zip(*found, strict=True)
    return torch.cat(clips).numpy(), torch.cat(moments).numpy()


def truth(path: Path, corpus: Corpus, times: np.ndarray) -> np.ndarray:
    """(N, T, C): what sounds at these times."""
    active = np.zeros((len(corpus), len(times), len(CLASSES)), dtype=bool)
    rows = {name: row for row, name in enumerate(corpus.filenames)}
    for event in pd.read_csv(path, sep="\t").dropna().itertuples():
        inside = (times >= event.onset) & (times < event.offset)
        active[rows[str(event.filename)], inside, CLASSES.index(event.event_label)] = True
    return active


def precision(active: np.ndarray, logits: np.ndarray) -> float:
    """Mean over classes."""
    return float(average_precision_score(active, logits, average="macro"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/mini"))
    parser.add_argument("--steps", type=int, nargs=2, default=(600, 400), help="of ast, panns")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    args = parser.parse_args()
    torch.set_num_threads(1)
    data = PreparedData(args.data)
    corpus = Corpus.open(data.audio("devtest"))
    for name, steps in zip(("ast", "panns"), args.steps, strict=True):
        for seed in args.seeds:
            begin = time.process_time()
            tagger = pretrain(
                name,
                data.audio("tagging"),
                data.ground_truth("tagging"),
                classes=CLASSES,
                clip_seconds=SECONDS,
                steps=steps,
                batch_size=8,
                seed=seed,
            )
            spent = time.process_time() - begin
            clips, moments = answers(tagger, corpus)
            times = tagger.encoder.frame_times(round(SECONDS * tagger.encoder.sample_rate))
            active = truth(data.ground_truth("devtest"), corpus, times)
            sounding = active.max(1)
            said = moments[:, : len(times)].reshape(-1, len(CLASSES))
            print(
                f"{name} seed {seed}, {steps} steps, {spent:.0f} CPU s: "
                f"clips {precision(sounding, clips):.3f} (guess {sounding.mean():.3f}), "
                f"moments {precision(active.reshape(-1, len(CLASSES)), said):.3f} "
                f"(guess {active.mean():.3f})"
            )


if __name__ == "__main__":
    main()
