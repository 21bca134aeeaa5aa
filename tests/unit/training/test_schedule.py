import pytest

from sed_core.training.schedule import ema_alpha, learning_rate, ramp


@pytest.mark.parametrize(
    ("step", "value"),
    [(1, 0.0067494), (2, 0.0067608), (590, 0.0174224), (2950, 0.2865048), (5900, 1.0), (9999, 1.0)],
)
def test_ramp_over_the_2022_warm_up(step, value):
    assert ramp(step, 5900) == pytest.approx(value, abs=1e-7)


def test_no_ramp():
    assert ramp(0, 0) == ramp(1, 0) == 1.0


def test_the_first_update_runs_at_the_full_rate():
    rates = [learning_rate(k, maximum=1e-3, length=5900) for k in range(3)]
    assert rates == pytest.approx([1e-3, 1e-3 * ramp(2, 5900), 1e-3 * ramp(3, 5900)])


def test_teacher_factor():
    assert [ema_alpha(n, factor=0.999) for n in (1, 2, 3)] == pytest.approx([1 / 2, 2 / 3, 3 / 4])
    assert ema_alpha(998, factor=0.999) < 0.999
    assert ema_alpha(999, factor=0.999) == ema_alpha(10**6, factor=0.999) == 0.999
