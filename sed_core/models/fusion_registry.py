"""The fusions that `net.fusion` can name; options are what stands behind `*`."""

from collections.abc import Callable

from sed_core.models.fusion import aligned, by_frames, by_vector
from sed_core.models.parts import Fusion

FUSIONS: dict[str, Callable[..., Fusion]] = {
    "frame": by_frames,
    "global": by_vector,
    "aligned": aligned,
}
