"""What values of several sections may be."""

from typing import Any, Literal

Rules = dict[str, Any]
"""Words of JSON Schema with what follows them."""
ODD_FRAMES: Rules = {
    "type": "integer",
    "minimum": 1,
    "not": {"multipleOf": 2},
    "expected": "an odd number of frames.",
}
"""A median window is odd, so that no event moves by half a frame."""
SEED: Rules = {"minimum": 0, "maximum": 2**32 - 1}
Precision = Literal["32-true", "bf16-mixed", "16-mixed"]
F1Convention = Literal["dcase2022", "sed_scores_eval"]
