"""Training steps of ours against an original's, number by number."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from sed_core.training.mean_teacher import SCALARS, MeanTeacher
from tests.parity.recorder import Recorder
from tests.parity.subset import Arrays, largest, relative


@dataclass(frozen=True)
class Precision:
    """Of a run, and how close its numbers are: losses and gradients relatively."""

    bits: int = 64
    loss: float = 1e-7
    agreement: float = 1e-7
    posterior: float = 1e-7
    gradients: float = 1e-7
    gradient: float = 1e-7
    """Of a single parameter; `gradients` of all together."""
    digest: float = 1e-7
    weight: float = 1e-7
    attention: float = 1e-7
    """Of `dense_softmax.weight`, which next to no gradient reaches."""
    statistic: float = 1e-7

    @property
    def dtype(self) -> torch.dtype:
        return {32: torch.float32, 64: torch.float64}[self.bits]

    def of_entry(self, name: str) -> float:
        """Of an entry of a state dict after the last step."""
        if "running" in name:
            return self.statistic
        return self.attention if name == "dense_softmax.weight" else self.weight

    def tells(self, name: str) -> bool:
        """Whether a parameter's gradient is more than rounding."""
        return self.bits == 64 or not (name.startswith("cnn.cnn.conv") and name.endswith("bias"))


def compare(recorder: Recorder, module: MeanTeacher, data: Arrays, precision: Precision) -> None:
    """Losses, rates, posteriors, gradients and weights of every step, as far as they were kept."""
    ran = f"f{precision.bits}"
    compare_scalars(recorder, module, data, precision)
    for index, network in enumerate(("student", "teacher")):
        posteriors = np.array([step[index] for step in recorder.weak])
        assert largest(posteriors, data[f"{ran}/weak_{network}"]) < precision.posterior, network

    names = data["parameter_names"].tolist()
    assert names == [name for name, _ in module.student.named_parameters()]
    gradients, theirs = np.array(recorder.gradients), data[f"{ran}/grad_l2"]
    if f"{ran}/grad_total" in data:
        total = np.linalg.norm(gradients, axis=1)
        assert total == pytest.approx(data[f"{ran}/grad_total"], rel=precision.gradients)
    told = [column for column, name in enumerate(names) if precision.tells(name)]
    gradients, theirs = gradients[:, told], theirs[:, told]
    assert relative(gradients, theirs) < precision.gradients
    assert gradients == pytest.approx(theirs, rel=precision.gradient, abs=1e-9)
    for network in ("student", "teacher"):
        digests = np.array([step[network] for step in recorder.digests])
        for column, statistic in enumerate(("mean", "std", "l2")):
            if f"{ran}/{network}/{statistic}" not in data:
                continue
            difference = np.abs(digests[..., column] - data[f"{ran}/{network}/{statistic}"])
            assert difference[:, told].max() < precision.digest, (network, statistic)
        state, prefix = getattr(module, network).state_dict(), f"{ran}/{network}/final/"
        for key in (key for key in data if key.startswith(prefix)):
            name = key.removeprefix(prefix)
            assert largest(state[name].numpy(), data[key]) < precision.of_entry(name), key


def compare_scalars(
    recorder: Recorder, module: MeanTeacher, data: Arrays, precision: Precision
) -> None:
    """All that the original logs, of which the total is really the strong consistency."""
    ours = {key: [step[key] for step in recorder.scalars] for key in SCALARS}
    ours["train/student/tot_supervised"] = ours["train/student/strong_self_sup_loss"]
    ours["train/step"] = recorder.numbers
    ran = f"f{precision.bits}"
    for key in (key for key in data if key.startswith(f"{ran}/log/train/")):
        name = key.removeprefix(f"{ran}/log/")
        loose = precision.agreement if "self" in name or "tot" in name else precision.loss
        if name == "train/lr":
            loose = 1e-6  # ours is kept in float32
        assert ours[name] == pytest.approx(data[key], rel=loose), name
    assert recorder.losses == pytest.approx(data[f"{ran}/loss_total"], rel=precision.loss)
    rates = [module.rate(step) for step in range(1, len(recorder.rates) + 2)]
    assert recorder.rates == rates[:-1]
    stored = 1e-12 if precision.bits == 64 else 1e-7
    for name, used in (("lr_used", rates[:-1]), ("lr_after", rates[1:])):
        assert used == pytest.approx(data[f"{ran}/{name}"], rel=stored), name
