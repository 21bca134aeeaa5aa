import numpy as np
import pytest

from sed_core.reporting.score_vs_energy import score_vs_energy


def test_points_intervals_and_the_front(scores, energy):
    rows = [scores("small", psds1=0.3), scores("small+sebbs"), scores("big"), scores("unknown")]
    for row, value in zip(rows, (0.2, 0.3, 0.25, 0.9), strict=True):
        row["summary"]["psds1_exact"] = {"mean": value, "interval": [value - 0.1, value + 0.1]}
    records = [energy("small", kwh=1.0), energy("big", kwh=2.0), energy("unknown", kwh=None)]
    training, inference = score_vs_energy(rows, records).axes
    points = {
        line.get_label(): (line.get_xdata()[0], line.get_ydata()[0])
        for line in training.lines
        if line.get_marker() == "o"
    }
    assert points == {"small": (1000, 0.2), "small+sebbs": (1000, 0.3), "big": (2000, 0.25)}  # Wh
    front = next(line for line in training.lines if line.get_linestyle() == "--")
    assert list(front.get_ydata()) == [0.3]  # nothing that costs more is better
    assert not inference.lines
    assert inference.texts[0].get_text() == "no energy was measurable"


@pytest.mark.parametrize("ratio", [1.0, 1.15, 2.9, 3.1, 20.0])
@pytest.mark.parametrize("kwh", np.geomspace(1e-6, 1e-5, 7))
def test_the_axis_has_few_names(scores, energy, kwh, ratio):
    rows = [scores("small", psds1=0.3), scores("big", psds1=0.4)]
    for row in rows:
        row["summary"]["psds1_exact"] = {"mean": 0.3}
    records = [energy("small", kwh=kwh), energy("big", kwh=kwh * ratio)]
    axes = score_vs_energy(rows, records).axes[0]
    low, high = axes.get_xlim()
    assert 2 <= sum(low <= tick <= high for tick in axes.get_xticks()) <= 6
