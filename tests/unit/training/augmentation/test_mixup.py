import numpy as np
import pytest
import torch
from scipy import stats

from sed_core.training.augmentation.clip_draws import Draws
from sed_core.training.augmentation.mixup import Mix, draw

CPU = torch.device("cpu")


def draws(n: int, *, sizes=(4, 3), rank=0):
    return [draw(sizes, Draws(seed, rank), device=CPU) for seed in range(n)]


def test_half_of_the_steps_mix_with_beta_coefficients():
    found = draws(4000)
    mixed = [pair for pair in found if pair is not None]
    assert abs(len(mixed) / len(found) - 0.5) < 0.03
    for part in (0, 1):
        coefficients = [pair[part].coefficient for pair in mixed]
        assert stats.kstest(coefficients, stats.beta(0.2, 0.2).cdf).pvalue > 1e-3
    weak, strong = np.array([[w.coefficient, s.coefficient] for w, s in mixed]).T
    assert abs(np.corrcoef(weak, strong)[0, 1]) < 0.06


def test_permutations_are_uniform_and_of_their_own_part():
    mixed = [pair for pair in draws(4000) if pair is not None]
    first = np.bincount([int(weak.permutation[0]) for weak, _ in mixed], minlength=4)
    assert stats.chisquare(first).pvalue > 1e-3
    assert all(sorted(strong.permutation.tolist()) == [0, 1, 2] for _, strong in mixed)


def test_a_draw_depends_on_the_seed_alone():
    for one, other in zip(draws(20), draws(20), strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert one[0].coefficient == other[0].coefficient
            assert torch.equal(one[1].permutation, other[1].permutation)


def test_processes_agree_on_whether_and_how_much():
    pairs = list(zip(draws(40, sizes=(9, 9)), draws(40, sizes=(9, 9), rank=1), strict=True))
    assert all((one is None) == (other is None) for one, other in pairs)
    mixed = [(one, other) for one, other in pairs if one is not None]
    assert all(one[part].coefficient == other[part].coefficient for one, other in mixed
               for part in (0, 1))  # fmt: skip
    assert any(not torch.equal(one[0].permutation, o[0].permutation) for one, o in mixed)


@pytest.mark.parametrize(
    ("kind", "expected"), [("soft", [[0.25, 0.75], [0.75, 0.25]]), ("hard", [[1.0, 1.0]] * 2)]
)
def test_labels(kind, expected):
    mix = Mix(0.25, torch.tensor([1, 0]))
    assert torch.equal(mix.labels(torch.eye(2), kind=kind), torch.tensor(expected))


def test_features():
    mix = Mix(0.25, torch.tensor([1, 0]))
    assert torch.equal(mix.features(torch.tensor([4.0, 8.0])), torch.tensor([7.0, 5.0]))
