import numpy as np
import pytest

from sed_core.runtime.errors import SedError
from sed_core.scoring.aligned_scores import align
from sed_core.scoring.evaluate import evaluate_scores
from sed_core.scoring.frames import from_padded
from sed_core.scoring.settings import Settings, windows
from tests.unit.scoring.conftest import CLASSES, FILES

FRAME = 0.1


def scores_of(detections, filenames=FILES, classes=CLASSES):
    """Scores 0.9 where something is detected, 0.1 elsewhere."""
    strong = np.full((len(FILES), 100, len(CLASSES)), 0.1, np.float32)
    for clip, label, onset, offset in zip(
        detections.clip, detections.label, detections.onset, detections.offset, strict=True
    ):
        strong[clip, round(onset / FRAME) : round(offset / FRAME), label] = 0.9
    rows = [FILES.index(name) if name in FILES else 0 for name in filenames]
    columns = [CLASSES.index(name) if name in CLASSES else 0 for name in classes]
    strong = strong[rows][:, :, columns]
    return from_padded(strong, filenames=filenames, classes=classes, frame_seconds=FRAME)


def result(detections, truth, **options):
    paired = align(scores_of(detections, **options), truth)
    return evaluate_scores(paired, Settings(median_window=1))


def test_metrics_have_the_documented_form(truth, detections):
    found = result(detections, truth)
    names = {"psds1", "psds2", "intersection_f1", "collar_f1", "segment_f1"}
    assert set(found.metrics) == names
    for name in ("psds1", "psds2"):
        for scale in ("exact", "dcase2022"):
            part = found.metrics[name][scale]
            assert set(part) == {"value", "class_mean", "per_class", "undefined"}
            assert list(part["per_class"]) == CLASSES
        assert set(found.roc[name]) == {"efpr", "etpr", "per_class"}
    assert found.metrics["intersection_f1"]["macro"] == pytest.approx(7 / 9)
    assert found.metrics["collar_f1"]["undefined"] == []
    assert "dcase2022" in found.metrics["segment_f1"]["convention"]


def test_neither_the_order_of_clips_nor_of_classes_matters(truth, detections):
    shuffled = result(detections, truth, filenames=FILES[::-1], classes=CLASSES[::-1])
    plain = result(detections, truth)
    assert shuffled.metrics == plain.metrics
    assert shuffled.events.clip.tolist() == plain.events.clip.tolist()


def test_event_less_clips_are_skipped_or_scored(truth, detections):
    scores = scores_of(detections)
    scores.lines[0][scores.first[3] :][:10] = 0.9  # a false alarm in the filler
    values = {}
    for mode in ("skip", "score"):
        paired = align(scores, truth, eventless_clips=mode)
        assert paired.expected == paired.present == {"skip": 3, "score": 4}[mode]
        metrics = evaluate_scores(paired, Settings(median_window=1)).metrics
        values[mode] = metrics["psds1"]["dcase2022"]["per_class"]["Cat"]
    assert values["skip"] == pytest.approx(0.94)  # 600 s: the filler's duration counts
    assert values["score"] == pytest.approx(0.88)
    with pytest.raises(SedError, match="expected 'skip' or 'score'"):
        align(scores, truth, eventless_clips="drop")


def test_missing_clips(truth, detections):
    scores = scores_of(detections, filenames=["c.wav", "a.wav"])
    with pytest.raises(SedError, match=r"lack b\.wav \(1 of 3 clips\)"):
        align(scores, truth)
    paired = align(scores, truth, allow_missing=True)
    assert (paired.present, paired.expected) == (2, 3)
    assert paired.truth.filenames == ["a.wav", "c.wav", "filler.wav"]
    assert paired.scores.filenames == ["a.wav", "c.wav"]
    assert paired.clips.tolist() == [0, 1]


def test_unknown_clips_and_classes(truth, detections):
    extra = scores_of(detections, filenames=[*FILES, "z.wav"])
    with pytest.raises(SedError, match=r"hold z\.wav, which has no duration"):
        align(extra, truth)
    assert align(extra, truth, allow_unknown=True).present == 3
    with pytest.raises(SedError, match=r"hold z\.wav"):
        align(scores_of(detections, filenames=["z.wav"]), truth, allow_unknown=True)
    with pytest.raises(SedError, match="Cow, Speech"):
        align(scores_of(detections, classes=["Cat", "Dog", "Cow"]), truth)


def test_windows():
    assert windows("7") == 7
    assert windows("3,9,5") == [3, 9, 5]
