import numpy as np
import pytest

from sed_core.scoring.decode import decode
from sed_core.scoring.sebbs import boxed

EASY = {"half_frames": 2, "absolute": 0.2, "relative": 2.0}


def one(scores) -> np.ndarray:
    return np.array(scores, np.float32)[None, :, None]


def slow(scores, *, half_frames, absolute, relative):
    """The definition, one clip and class at a time."""
    length = len(scores)

    def mean(begin, end):
        return float(np.mean(scores[begin:end]))

    padded = np.concatenate([np.zeros(half_frames), scores, np.zeros(half_frames)])
    rise = [
        padded[b + half_frames : b + 2 * half_frames].mean() - padded[b : b + half_frames].mean()
        for b in range(length + 1)
    ]
    signs, last = [1], 1
    for difference in np.diff(np.round(rise, 9)):
        last = int(np.sign(difference)) or last
        signs.append(last)
    signs.append(1)
    onsets = [b for b in range(length + 1) if signs[b] > 0 > signs[b + 1]]
    offsets = [b for b in range(length + 1) if signs[b] < 0 < signs[b + 1]]
    boxes = list(zip(onsets, offsets, strict=True))
    while True:
        joins = []
        for at in range(len(boxes) - 1):
            better = max(mean(*boxes[at]), mean(*boxes[at + 1]))
            gap = mean(boxes[at][1], boxes[at + 1][0])
            if better - gap < absolute and better < relative * gap:
                joins.append((better - gap, at))
        if not joins:
            break
        at = min(joins)[1]
        boxes[at : at + 2] = [(boxes[at][0], boxes[at + 1][1])]
    out = np.zeros(length)
    for begin, end in boxes:
        out[begin:end] = mean(begin, end)
    return out


def test_a_ramp_becomes_one_box_whose_extent_no_threshold_changes():
    scores = one([0, 0, 0, 0.5, 0.9, 0.8, 0.9, 0.5, 0, 0, 0])
    boxes = boxed(scores, **EASY)
    np.testing.assert_allclose(boxes[0, 3:8, 0], 0.72, atol=1e-6)
    assert not boxes[0, :3].any() and not boxes[0, 8:].any()
    for threshold in (0.1, 0.5, 0.7):
        event = decode(boxes, threshold, frame_seconds=1.0)
        assert (event.onset.tolist(), event.offset.tolist()) == ([3.0], [8.0])
    wide, narrow = (decode(scores, t, frame_seconds=1.0) for t in (0.4, 0.85))
    assert len(wide) == 1 and len(narrow) == 2  # what boxes are there to avoid


def test_deep_gaps_stay_and_shallow_ones_go():
    shallow = one([0, 0, 0.9, 0.9, 0.9, 0.8, 0.8, 0.8, 0.9, 0.9, 0.9, 0, 0])
    deep = one([0, 0, 0.9, 0.9, 0.9, 0.2, 0.2, 0.2, 0.9, 0.9, 0.9, 0, 0])
    assert len(decode(boxed(shallow, **EASY), 0.5, frame_seconds=1.0)) == 1
    assert len(decode(boxed(deep, **EASY), 0.5, frame_seconds=1.0)) == 2
    # a gap that is only relatively deep stays, too: the scores of a rare class are all low
    assert len(decode(boxed(deep / 10, **EASY), 0.05, frame_seconds=1.0)) == 2


def test_sound_from_border_to_border_is_one_box():
    boxes = boxed(one([0.7] * 8), **EASY)
    np.testing.assert_allclose(boxes, 0.7, atol=1e-6)
    assert not boxed(one([0.0] * 8), **EASY).any()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("half_frames", [1, 3])
def test_all_rows_at_once_give_what_the_definition_gives(seed, half_frames):
    rng = np.random.default_rng(seed)
    scores = np.round(rng.random((3, 40, 2)) ** 2, 2).astype(np.float32)
    scores[0, :10] = 0  # plateaus
    options = {"half_frames": half_frames, "absolute": 0.3, "relative": 3.0}
    found = boxed(scores, **options)
    for clip, label in np.ndindex(3, 2):
        expected = slow(scores[clip, :, label].astype(float), **options)
        np.testing.assert_allclose(found[clip, :, label], expected, atol=1e-6)


def test_each_class_has_its_own_parameters():
    scores = np.random.default_rng(0).random((2, 30, 2)).astype(np.float32)
    mixed = boxed(scores, half_frames=[1, 4], absolute=[0.1, 0.5], relative=[1.5, 9])
    for label, (half, absolute, relative) in enumerate([(1, 0.1, 1.5), (4, 0.5, 9)]):
        alone = boxed(scores, half_frames=half, absolute=absolute, relative=relative)
        np.testing.assert_array_equal(mixed[..., label], alone[..., label])
