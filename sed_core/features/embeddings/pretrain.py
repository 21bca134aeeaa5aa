"""Teaching a small network to tag the sounds of the embedded data set, from clip labels alone.

Such networks stand in for the public ones where these cannot be had or would take too long. They
see clips of their own: no system trains or is tested on them.
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from sed_core.data.corpus import Corpus
from sed_core.data.tsv import read_table
from sed_core.features.embeddings.taggers import TAGGERS, Tagger
from sed_core.runtime.errors import SedError
from sed_core.runtime.progress import progress

OVERLAID = 0.5  # share of clips that a second one is laid over
FLOOR = 1e-6


def pretrain(
    name: str,
    corpus: str | Path,
    truth: str | Path,
    *,
    classes: list[str],
    clip_seconds: float,
    steps: int,
    batch_size: int,
    seed: int,
) -> Tagger:
    """Teach the small network of a registered class.

    The loss is the binary cross-entropy of the clip's logits plus that of its frames, pooled by a
    linear softmax, so that frames learn where a class sounds. The optimiser is AdamW with one cycle
    of the learning rate. Memory: the features of all clips (0.5 MB each for AST).

    Args:
        name: of `TAGGERS`.
        corpus: 16 kHz audio of the tagging clips.
        truth: their TSV (filename, event_labels).
        classes: names of the labels.
        clip_seconds: length of a clip.
        steps: of the optimiser.
        batch_size: clips in a step.
        seed: of weights, order and augmentation.

    Raises:
        SedError: no such network can be made small.
    """
    if name not in TAGGERS:
        raise SedError(f"there is no small '{name}' to pretrain; there is {', '.join(TAGGERS)}.")
    torch.manual_seed(seed)
    tagger = TAGGERS[name](len(classes))
    features, labels = _material(tagger, Path(corpus), Path(truth), classes, clip_seconds)
    tagger.train()
    optimizer = torch.optim.AdamW(tagger.parameters(), lr=tagger.learning_rate, weight_decay=0.01)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, tagger.learning_rate, total_steps=steps, pct_start=0.15
    )
    for _ in progress(range(steps), desc=f"pretrain {name}", unit="step"):
        x, y = _augmented(features, labels, batch_size, tagger.nepers)
        clip, frames = tagger(x)
        likely = frames.sigmoid()
        pooled = likely.square().sum(1) / likely.sum(1).clamp(min=FLOOR)
        loss = functional.binary_cross_entropy_with_logits(clip, y)
        loss = loss + functional.binary_cross_entropy(pooled.clamp(FLOOR, 1 - FLOOR), y)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tagger.parameters(), 1.0)
        optimizer.step()
        cycle.step()
    return tagger.eval()


@torch.inference_mode()
def _material(
    tagger: Tagger, corpus: Path, truth: Path, classes: list[str], clip_seconds: float
) -> tuple[Tensor, Tensor]:
    """Features (N, T, F) and labels (N, C) of all clips."""
    opened = Corpus.open(corpus)
    n_samples = round(clip_seconds * tagger.encoder.sample_rate)
    tables = read_table(truth, ("filename", "event_labels")).set_index("filename")["event_labels"]
    labels = torch.zeros(len(opened), len(classes))
    features = []
    for row, filename in enumerate(opened.filenames):
        samples = torch.from_numpy(opened.gather([row], n_samples))
        features.append(tagger.encoder.features(samples))
        for label in filter(None, tables.get(filename, "").split(",")):
            labels[row, classes.index(label)] = 1.0
    return torch.cat(features).clone(), labels


def _augmented(
    features: Tensor, labels: Tensor, batch_size: int, nepers: float
) -> tuple[Tensor, Tensor]:
    """A random batch: clips turned in time, over half of them another one laid, at any level."""
    first, second = torch.randint(len(features), (2, batch_size))
    turns = torch.randint(features.shape[1], (2, batch_size)).tolist()
    x, other = (
        torch.stack([features[clip].roll(by, 0) for clip, by in zip(clips, turned, strict=True)])
        for clips, turned in zip((first, second), turns, strict=True)
    )
    laid = torch.rand(batch_size) < OVERLAID
    level = nepers * torch.empty(batch_size, 1, 1).uniform_(-1.5, 1.5)
    mixed = nepers * torch.logaddexp(x / nepers, (other + level) / nepers)
    x = torch.where(laid[:, None, None], mixed, x)
    y = torch.where(laid[:, None], torch.maximum(labels[first], labels[second]), labels[first])
    return x + nepers * torch.empty(batch_size, 1, 1).uniform_(-1.0, 1.0), y
