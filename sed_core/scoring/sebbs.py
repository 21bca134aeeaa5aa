"""Sound event bounding boxes by change detection: extent and confidence of events apart.

A threshold on frame scores decides both whether an event is there and how long it is. A box has
one confidence over its whole extent, so the threshold decides only the first. The idea is that of
J. Ebbers et al., "Sound event bounding boxes", Interspeech 2024 (arXiv 2406.04212): borders where
the scores change most, boxes scored by the mean inside, boxes merged across gaps that are not
clearly lower. Written from that description; the order of merging and the handling of clip borders
are choices made here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


def boxed(
    scores: NDArray[np.float32], *, half_frames: ArrayLike, absolute: ArrayLike, relative: ArrayLike
) -> NDArray[np.float32]:
    """Replace frame scores by the confidences of boxes, 0 between them.

    Two boxes of a class never touch, so thresholding the result gives exactly the boxes whose
    confidence is above the threshold.

    Args:
        scores: (N, T, C) posteriors, not filtered; frames that do not exist must be 0.
        half_frames: frames on either side of a border that are compared; one or (C,).
        absolute: a gap stays when it is this much below the better of its two boxes; one or (C,).
        relative: it also stays when that box is this many times as high; one or (C,).

    Returns:
        (N, T, C) confidences.
    """
    n_clips, length, n_classes = scores.shape
    label = np.tile(np.arange(n_classes), n_clips)
    rows = scores.transpose(0, 2, 1).reshape(-1, length).astype(np.float64)
    total = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, 1)], 1)
    half = np.broadcast_to(np.asarray(half_frames), n_classes)[label]
    boxes = candidates(total, half)
    boxes = merge(
        boxes,
        total,
        absolute=np.broadcast_to(np.asarray(absolute, float), n_classes)[label],
        relative=np.broadcast_to(np.asarray(relative, float), n_classes)[label],
    )
    return paint(boxes, total).reshape(n_clips, n_classes, length).transpose(0, 2, 1)


@dataclass(frozen=True)
class Boxes:
    """M boxes, sorted by row and time: frames `onset` <= t < `offset` of a (clip, class) row."""

    row: NDArray[np.int64]
    onset: NDArray[np.int64]
    offset: NDArray[np.int64]

    def mean(self, total: NDArray) -> NDArray[np.float64]:
        """(M,) mean score inside; `total` (R, T + 1) are the running sums of the rows."""
        return _mean(total, self.row, self.onset, self.offset)


def candidates(total: NDArray, half: NDArray) -> Boxes:
    """From each border at which the scores rise most to the next at which they fall most.

    The rise at a border is the mean of `half` frames after it less that of `half` frames before
    it, with 0 outside the clip. Along it maxima and minima alternate; the first border counts as
    risen to and the last as fallen to, so there are as many of the one as of the other.

    Args:
        total: (R, T + 1) running sums of the rows.
        half: (R,) frames.
    """
    length = total.shape[1] - 1
    border = np.arange(length + 1)
    after = np.take_along_axis(total, np.minimum(border + half[:, None], length), 1)
    before = np.take_along_axis(total, np.maximum(border - half[:, None], 0), 1)
    rise = np.round((after - 2 * total + before) / half[:, None], 9)  # equal sums, equal rises
    sign = np.ones((len(total), length + 2))
    sign[:, 1:-1] = np.sign(np.diff(rise, axis=1))
    known = np.maximum.accumulate(np.where(sign != 0, np.arange(length + 2), 0), axis=1)
    sign = np.take_along_axis(sign, known, 1)  # a plateau goes on as what led to it
    row, onset = np.nonzero((sign[:, :-1] > 0) & (sign[:, 1:] < 0))
    _, offset = np.nonzero((sign[:, :-1] < 0) & (sign[:, 1:] > 0))
    return Boxes(row, onset, offset)


def merge(boxes: Boxes, total: NDArray, *, absolute: NDArray, relative: NDArray) -> Boxes:
    """Join neighbouring boxes until every gap is clearly lower than the better of its two.

    The shallowest gap of a row goes first, and means are taken anew after each join.

    Args:
        boxes: candidates.
        total: (R, T + 1) running sums of the rows.
        absolute, relative: (R,) see `boxed`.
    """
    while len(boxes.row) > 1:
        mean = boxes.mean(total)
        left = np.flatnonzero(boxes.row[1:] == boxes.row[:-1])  # boxes with a right neighbour
        row = boxes.row[left]
        gap = _mean(total, row, boxes.offset[left], boxes.onset[left + 1])
        better = np.maximum(mean[left], mean[left + 1])
        depth = better - gap
        shallow = (depth < absolute[row]) & (better < relative[row] * gap)
        left, row, depth = left[shallow], row[shallow], depth[shallow]
        if not left.size:
            break
        order = np.lexsort((depth, row))
        first = np.unique(row[order], return_index=True)[1]
        joined = left[order][first]
        offset = boxes.offset.copy()
        offset[joined] = boxes.offset[joined + 1]
        kept = np.ones(len(boxes.row), bool)
        kept[joined + 1] = False
        boxes = Boxes(boxes.row[kept], boxes.onset[kept], offset[kept])
    return boxes


def paint(boxes: Boxes, total: NDArray) -> NDArray[np.float32]:
    """(R, T) the mean score inside each box, 0 outside."""
    steps = np.zeros((len(total), total.shape[1]), np.int64)
    steps[boxes.row, boxes.onset] = 1
    inside = np.cumsum(steps, axis=1)  # which box of its row a frame would belong to
    ends = np.zeros_like(steps)
    ends[boxes.row, boxes.offset] = 1
    active = (inside - np.cumsum(ends, axis=1))[:, :-1] > 0
    painted = np.zeros(active.shape, np.float32)
    painted[active] = np.repeat(boxes.mean(total), boxes.offset - boxes.onset)
    return painted


def _mean(total: NDArray, row: NDArray, begin: NDArray, end: NDArray) -> NDArray[np.float64]:
    return (total[row, end] - total[row, begin]) / (end - begin)
