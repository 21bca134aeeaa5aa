"""Mixup inside one part of a batch (Zhang et al., 2018), as the baselines apply it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import torch

from sed_core.training.augmentation.clip_draws import Clips, Draws, Mix, Share, mix_rows

PROBABILITY = 0.5
BETA = 0.2


def mixup(
    clips: Clips,
    draws: Draws,
    *,
    labels: Literal["soft", "hard"] = "soft",
    weak_labels: Literal["as_labels", "hard"] = "as_labels",
    probability: Share = PROBABILITY,
    embeddings: bool = False,
    encoder: bool = False,
    own_partners: bool = False,
    unlabelled: bool = False,
    larger_first: bool = False,
    consistency: Literal["same", "interpolated"] = "same",
) -> Clips:
    """Mix the clips of the weak part with each other, and those of each group of strong ones.

    Args:
        labels: mixed like the mel magnitudes, or the union of both clips' labels.
        weak_labels: of clips, in the same way or always their union (2024).
        probability: of a step to mix at all.
        embeddings: mix them, too.
        encoder: mix what a pretrained network hears, too: its own linear mel power, with the same
            partners (ATST-SED).
        own_partners: with other partners than the mel magnitudes; labels follow both (2024).
        unlabelled: mix the clips of that part, too.
        larger_first: a coefficient c below a half becomes 1 - c, so that each clip stays the louder
            one of its mixture (RealDESED's baseline).
        consistency: `same`: the teacher hears the same; `interpolated`: it hears the clips as they
            are, and the student is held to its posteriors mixed (Verma et al., Interpolation
            consistency training, 2019), as in ATST-SED.
    """
    each = 2 if own_partners and clips.embeddings is not None else 1
    rows = mixed_rows(clips, unlabelled=unlabelled)
    sizes = [one.stop - one.start for one in rows for _ in range(each)]
    mixes = draw(
        sizes,
        draws,
        device=clips.mel.device,
        probability=probability,
        larger_first=larger_first,
    )
    if mixes is None:
        return clips
    weak = labels if weak_labels == "as_labels" else weak_labels
    found = mixed(
        clips,
        mixes,
        labels=labels,
        weak_labels=weak,
        embeddings=embeddings or each == 2,
        encoder=encoder,
        unlabelled=unlabelled,
    )
    if consistency == "same":
        return found
    return replace(found, mixes=(*clips.mixes, *zip(rows, mixes[::each], strict=True)))


def mixed_rows(clips: Clips, *, unlabelled: bool = False) -> list[slice]:
    """Rows of the batch that are mixed with each other, in the order of their draws."""
    layout = clips.layout
    rows = [layout.weak_slice, *reversed(layout.strong_groups)]
    return [*rows, slice(layout.strong + layout.weak, len(clips.mel))] if unlabelled else rows


def mixed(
    clips: Clips,
    mixes: Sequence[Mix],
    *,
    labels: str,
    weak_labels: str,
    embeddings: bool,
    encoder: bool = False,
    unlabelled: bool = False,
) -> Clips:
    """Apply the draws of all rows; where there are two for the same, the second is embeddings'."""
    rows = mixed_rows(clips, unlabelled=unlabelled)
    each = len(mixes) // len(rows)
    weak, *strong = (mixes[at : at + each] for at in range(0, len(mixes), each))
    heard, last = ([turns[at] for turns in (weak, *strong)] for at in (0, -1))
    frames = clips.labels.clone()
    for at, turns in zip(reversed(clips.layout.strong_groups), strong, strict=False):
        frames[at] = _labels(frames[at], turns, kind=labels)
    changed: dict[str, Any] = {
        "mel": _features(clips.mel, rows, heard),
        "labels": frames,
        "weak_labels": _labels(clips.weak_labels, weak, kind=weak_labels),
    }
    if encoder and clips.encoder_mel is not None:
        changed["encoder_mel"] = _features(clips.encoder_mel, rows, heard)
    if embeddings and clips.embeddings is not None:
        with torch.set_grad_enabled(clips.embeddings.requires_grad):  # of a network trained along
            changed["embeddings"] = _features(clips.embeddings, rows, last)
    return replace(clips, **changed)


def _features(values: torch.Tensor, rows: list[slice], mixes: Sequence[Mix]) -> torch.Tensor:
    return mix_rows(values, tuple(zip(rows, mixes, strict=True)))


def _labels(values: torch.Tensor, turns: Sequence[Mix], *, kind: str) -> torch.Tensor:
    for mix in turns:
        values = mix.labels(values, kind=kind)
    return values


def draw(
    sizes: Sequence[int],
    draws: Draws,
    *,
    device: torch.device,
    probability: float = PROBABILITY,
    larger_first: bool = False,
) -> list[Mix] | None:
    """Decide for one step whether to mix, and how.

    All processes make the same decision with the same coefficients; each permutes its own clips.

    Args:
        sizes: number of clips that are mixed with each other.
        draws: of the step.
        device: where the permutations are used.
        probability: of mixing.
        larger_first: see `mixup`.

    Returns:
        One draw for each size, or None.
    """
    if draws.shared.random() >= probability:
        return None
    coefficients = draws.shared.beta(BETA, BETA, size=len(sizes)).tolist()
    if larger_first:
        coefficients = [max(c, 1.0 - c) for c in coefficients]
    orders = (
        torch.from_numpy(draws.own.permutation(size)).to(device, non_blocking=True)
        for size in sizes
    )
    return [Mix(*one) for one in zip(coefficients, orders, strict=True)]
