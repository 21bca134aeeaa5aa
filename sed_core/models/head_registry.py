"""The heads that `net.head` can name; options are what stands behind `*`."""

from collections.abc import Callable

from sed_core.models.heads import attention, mean
from sed_core.models.parts import Head

HEADS: dict[str, Callable[..., Head]] = {
    "attention": attention,
    "mean": mean,
}
