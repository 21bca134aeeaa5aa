"""The objectives that `training.objective` can name."""

from sed_core.training.selection.exact_psds import PSDS, PSDS1_CLASS_MEAN
from sed_core.training.selection.loss import LOSS
from sed_core.training.selection.objective import Objective
from sed_core.training.selection.weak_and_event_f1 import F1

OBJECTIVES: dict[str, Objective] = {
    "f1": F1,
    "psds": PSDS,
    "psds1_class_mean": PSDS1_CLASS_MEAN,
    "loss": LOSS,
}
"""The network of the validation with the highest value is kept, whatever the objective."""
