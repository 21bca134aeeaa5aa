"""Each schedule against its closed form, over a whole training, and the teacher's factor."""

import math

import pytest

from sed_core.training.ema import ema_alpha
from sed_core.training.schedule.length import Length
from sed_core.training.schedule.ramp import ramp
from sed_core.training.schedule.schedule_registry import SCHEDULES


@pytest.mark.parametrize(
    ("step", "value"),
    [(1, 0.0067494), (2, 0.0067608), (590, 0.0174224), (2950, 0.2865048), (5900, 1.0), (9999, 1.0)],
)
def test_ramp_over_the_2022_warm_up(step, value):
    assert ramp(step, 5900) == pytest.approx(value, abs=1e-7)


def test_no_ramp():
    assert ramp(0, 0) == ramp(1, 0) == 1.0


def rise(n: int, n_warmup: int) -> float:
    return math.exp(-5 * (1 - n / n_warmup) ** 2) if n < n_warmup else 1.0


def half_cosine(done: float) -> float:
    return (1 + math.cos(math.pi * done)) / 2


def of_2024(k: int, warmup: int, total: int) -> float:
    """Falling from epoch 3 on, in epochs of 4 updates."""
    if k + 1 < 12 or k == 0:
        return rise(k + 1, warmup) if k else 1.0
    return max(1e-5, math.cos(math.pi / 2 * (k + 1 - 12) / (total - 12)))


def of_stage_2(k: int, warmup: int, total: int) -> float:
    if k + 1 < warmup:
        return rise(k + 1, warmup)
    return 0.2 + 0.8 * half_cosine((k + 1 - warmup) / max(total - warmup, 1))


EXPECTED = [
    ("dcase2022", {}, lambda k, n, total: rise(k + 1, n) if k else 1.0),
    ("dcase2024", {"anneal_from": 3}, of_2024),
    ("exponential", {}, lambda k, n, total: rise(k + 1, n)),
    ("exponential_cosine", {"lowest": 0.2}, of_stage_2),
    ("linear_cosine", {"warmup_steps": 0}, lambda k, n, total: half_cosine(k / total)),
    (
        "linear_cosine",
        {"warmup_steps": 7},
        lambda k, n, total: k / 7 if k < 7 else half_cosine((k - 7) / (total - 7)),
    ),
    ("linear_cosine", {"warmup_steps": 24}, lambda k, n, total: k / 24 if k < 24 else 1.0),
]


@pytest.mark.parametrize("warmup", [0, 1, 8, 24])
@pytest.mark.parametrize(("name", "options", "factor"), EXPECTED)
def test_closed_form(name, options, factor, warmup):
    """24 updates in epochs of 4; the warm-up may be none or all of them."""
    length = Length(warmup=warmup, epoch=4, total=24)
    found = [SCHEDULES[name](k, length, **options) for k in range(25)]
    assert found == pytest.approx([factor(k, warmup, 24) for k in range(25)], abs=1e-12)
    assert {one for one, _, _ in EXPECTED} == {*SCHEDULES}


def test_ends_of_the_published_ones():
    """ATST-SED ends at a tenth, RealDESED at nearly nothing, after 1,000 steps in a line."""
    length = Length(warmup=1000, epoch=100, total=20_000)
    two, real = SCHEDULES["exponential_cosine"], SCHEDULES["linear_cosine"]
    assert two(999, length) == 1.0 and two(19_999, length) == pytest.approx(0.1)
    assert [real(k, length) for k in (0, 500, 1000, 10_500)] == pytest.approx([0, 0.5, 1, 0.5])
    assert 0 < real(19_999, length) < 1e-7


def test_teacher_factor():
    assert [ema_alpha(n, factor=0.999) for n in (1, 2, 3)] == pytest.approx([1 / 2, 2 / 3, 3 / 4])
    assert ema_alpha(998, factor=0.999) < 0.999
    assert ema_alpha(999, factor=0.999) == ema_alpha(10**6, factor=0.999) == 0.999
    assert {ema_alpha(n, factor=0.9, warmup=False) for n in (1, 2, 50)} == {0.9}
