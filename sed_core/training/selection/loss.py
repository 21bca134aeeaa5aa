"""The loss in validation, which selects a network in stage 1 of ATST-SED."""

from sed_core.config.system import System
from sed_core.training.selection.objective import Objective


def terms(system: System, network: str) -> dict[str, float]:
    """Minus the mean of the cross entropies of frames and of weak clips, where there are some.

    Minus, so that the smallest loss is the highest value.
    """
    losses = [f"val/synth/{network}/loss_strong"]
    if system.data.weak is not None:
        losses.append(f"val/weak/{network}/loss_weak")
    return dict.fromkeys(losses, -1.0 / len(losses))


LOSS = Objective(terms, lowest=-100.0)  # torch's cross entropy is at most 100
