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
