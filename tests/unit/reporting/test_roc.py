import numpy as np
import pytest

from sed_core.reporting.roc import mean_at, psds, roc_curves

STEP = (np.array([10.0, 50.0]), np.array([0.5, 1.0]))  # 0 until 10, 0.5 until 50, then 1


def test_area_of_a_step_curve() -> None:
    assert psds([STEP]) == pytest.approx((40 * 0.5 + 50 * 1.0) / 100)


def test_points_beyond_the_limit_do_not_count() -> None:
    late = (np.array([10.0, 50.0, 150.0]), np.array([0.5, 1.0, 9.0]))
    assert psds([late]) == pytest.approx(0.7)
    assert psds([(np.array([np.nan]), np.array([1.0]))]) == 0.0


def test_area_of_the_mean_is_the_mean_of_the_areas() -> None:
    other = (np.array([0.0, 30.0]), np.array([0.2, 0.4]))
    assert psds([STEP, other]) == pytest.approx((psds([STEP]) + psds([other])) / 2)


def test_a_height_holds_from_its_rate_on() -> None:
    at = np.array([0.0, 9.9, 10.0, 49.9, 50.0, 100.0])
    assert mean_at(at, [STEP]).tolist() == [0, 0, 0.5, 0.5, 1, 1]


def test_both_scenarios_with_their_psds_in_the_title() -> None:
    curve = {"efpr": [10.0, 50.0], "tpr": [0.5, 1.0]}
    scenario = {"efpr": [10.0, 50.0], "etpr": [0.5, 1.0], "per_class": {"Cat": curve}}
    figure = roc_curves([{"psds1": scenario, "psds2": scenario}], title="crnn")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["PSDS1 = 0.700 (fast reaction)", "PSDS2 = 0.700 (little confusion)"]
    assert {text.get_text() for text in figure.axes[0].texts} == {"Cat", "ALL CLASSES"}
