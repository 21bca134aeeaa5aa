"""The F1 scores that select a network of the baselines."""

from sed_core.config.system import System
from sed_core.training.selection.objective import Objective

OF_EVENTS = {"intersection": "intersection_f1_macro", "event": "event_f1_macro"}


def terms(system: System, network: str) -> dict[str, float]:
    """F1 of weak clips, of events, and of seconds with soft labels, where there are such clips."""
    chosen = {}
    if system.data.weak is not None:
        chosen[f"val/weak/{network}/macro_F1"] = 1.0
    chosen[f"val/synth/{network}/{OF_EVENTS[system.training.obj_metric_synth_type]}"] = 1.0
    if system.data.validation_soft is not None:
        chosen[f"val/soft/{network}/segment_best_F1"] = 1.0
    return chosen


F1 = Objective(terms)
