"""The augmentations that `training.augment` and `pretrained.augment` can name."""

from collections.abc import Callable

import torch

from sed_core.training.augmentation.clip_draws import Clips
from sed_core.training.augmentation.filter_augment import filter_augment
from sed_core.training.augmentation.frame_shift import frame_shift
from sed_core.training.augmentation.frequency_warp import frequency_warp
from sed_core.training.augmentation.mixup import mixup
from sed_core.training.augmentation.resize_crop import resize_crop
from sed_core.training.augmentation.spec_augment import spec_augment
from sed_core.training.augmentation.time_mask import time_mask

SHARED: dict[str, Callable[..., Clips]] = {
    "mixup": mixup,
    "frame_shift": frame_shift,
    "time_mask": time_mask,
}
"""Of clips with their labels: student and teacher hear the same."""

SEPARATE: dict[str, Callable[..., torch.Tensor]] = {
    "spec_augment": spec_augment,
    "filter_augment": filter_augment,
    "frequency_warp": frequency_warp,
}
"""Of mel magnitudes alone: student and teacher hear the same clip, each with draws of its own."""

OF_ENCODER: dict[str, Callable[..., Clips]] = {
    "resize_crop": resize_crop,
}
"""Of clips whose `mel` are decibels, as a pretrained network hears them: in `pretrained.augment`
alone, and each network with draws of its own."""
