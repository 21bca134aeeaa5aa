import numpy as np

from sed_core.scoring.best_thresholds import best_thresholds
from sed_core.scoring.decode import decode
from sed_core.scoring.events import make_events
from sed_core.scoring.ground_truth import GroundTruth
from sed_core.scoring.intersection import intersection_f1

CLASSES = ["Cat", "Dog", "Never"]


def test_no_threshold_is_better_for_any_class():
    rng = np.random.default_rng(0)
    events = make_events(clip=[0, 0, 1], label=[0, 1, 0], onset=[1, 4, 2], offset=[3, 9, 8])
    truth = GroundTruth(["a", "b"], np.full(2, 10.0), CLASSES, events)
    scores = rng.random((2, 100, 3), np.float32) * 0.3
    scores[0, 10:30, 0] += 0.15
    scores[0, 40:90, 1] += 0.6
    scores[1, 20:80, 0] += 0.4
    scores[..., 2] = 0
    best = best_thresholds(scores, truth, frame_seconds=0.1)
    assert list(best) == CLASSES and best["Never"] == 0.5

    def f1(threshold):
        found = decode(scores, threshold, frame_seconds=0.1)
        return intersection_f1(found, truth, convention="sed_scores_eval").per_class

    assert best["Dog"] == 0.51, "of equals the one nearest to 0.5"
    for name in CLASSES[:2]:
        chosen = f1(best[name])[name]
        assert chosen >= max(f1(point)[name] for point in np.arange(0.01, 1, 0.02))
