"""Scaling of log-mel spectrograms, by each clip's own statistics or by those of a data set."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sed_core.runtime.errors import SedError

STATISTICS = ("instance", "dataset", "none")
NORMTYPES = ("minmax", "standard", "mean")
EPSILON = 1e-8


def scale_instance(
    features: Tensor,
    *,
    normtype: str,
    dims: Sequence[int],
    min_range_db: float | None = None,
    limits: Sequence[float] = (0, 1),
) -> Tensor:
    """Scale each clip by its own statistics over `dims`.

    Args:
        features: (B, F, T).
        normtype: `minmax` stretches to `limits`; `standard` gives zero mean and unit variance;
            `mean` only removes the mean.
        dims: axes over which a statistic is taken.
        min_range_db: what `minmax` takes a smaller range for. Without it, the range of faint noise
            becomes that of events.
        limits: [0, 1] in 2022 and 2023, [-1, 1] in 2024; a network knows one of them only.

    Example:
        >>> decibels = torch.tensor([[[-60.0, -30.0], [0.0, -45.0]]])
        >>> scale_instance(decibels, normtype="minmax", dims=(1, 2))
        tensor([[[0.0000, 0.5000],
                 [1.0000, 0.2500]]])
    """
    axes = tuple(dims)
    if normtype == "minmax":
        low = features.amin(axes, keepdim=True)
        extent = features.amax(axes, keepdim=True) - low
        if min_range_db is not None:
            extent = extent.clamp(min=min_range_db)
        stretched = (features - low) / (extent + EPSILON)
        lowest, highest = limits
        if (lowest, highest) == (0, 1):
            return stretched
        return stretched * (highest - lowest) + lowest
    centred = features - features.mean(axes, keepdim=True)
    if normtype == "mean":
        return centred
    return centred / (features.std(axes, keepdim=True) + EPSILON)


class Scaler(nn.Module):
    """(B, F, T) decibels -> (B, F, T) network input.

    Args:
        statistic: `instance` (each clip by itself, 2022 default), `dataset` (fitted, see `fit`)
            or `none`.
        normtype: `minmax`, `standard` or `mean`.
        dims: axes of (B, F, T) over which statistics are taken; (1, 2) gives one number.
        min_range_db, limits: see `scale_instance`.

    Raises:
        SedError: an unknown option, or `dataset` with `minmax`, which the reference lacks.
    """

    mean: Tensor
    mean_squared: Tensor

    def __init__(
        self,
        *,
        statistic: str = "instance",
        normtype: str = "minmax",
        dims: Sequence[int] = (1, 2),
        min_range_db: float | None = None,
        limits: Sequence[float] = (0, 1),
    ) -> None:
        super().__init__()
        if statistic not in STATISTICS:
            raise SedError(f"scaler.statistic is '{statistic}'; choose one of {STATISTICS}.")
        if normtype not in NORMTYPES:
            raise SedError(f"scaler.normtype is '{normtype}'; choose one of {NORMTYPES}.")
        if statistic == "dataset" and normtype == "minmax":
            raise SedError(
                "scaler.statistic 'dataset' does not go with scaler.normtype 'minmax'; choose "
                "'standard' or 'mean', or scaler.statistic 'instance'."
            )
        self.statistic, self.normtype, self.dims = statistic, normtype, tuple(dims)
        self.min_range_db, self.limits = min_range_db, tuple(limits)
        if statistic == "dataset":
            self.register_buffer("mean", torch.empty(0))
            self.register_buffer("mean_squared", torch.empty(0))

    @torch.no_grad()
    def fit(self, batches: Iterable[Tensor]) -> "Scaler":
        """Take the statistics of a data set from its batches (B, F, T), one at a time.

        Every clip weighs the same; sums are kept in float64. Memory: one batch.
        """
        if self.statistic != "dataset":
            return self
        count = 0
        total: Tensor = torch.zeros(1, dtype=torch.float64)
        squares: Tensor = torch.zeros(1, dtype=torch.float64)
        for batch in batches:
            wide = batch.double()
            count += len(wide)
            total = total.to(wide.device) + wide.mean(self.dims, keepdim=True).sum(0, True)
            squares = squares.to(wide.device) + wide.square().mean(self.dims, keepdim=True).sum(
                0, True
            )
        if count == 0:
            raise SedError("the scaler was given no clips to take its statistics from.")
        self.mean = (total / count).float()
        self.mean_squared = (squares / count).float()
        return self

    def forward(self, features: Tensor) -> Tensor:
        """Scale (B, F, T) features; the shape stays."""
        if self.statistic == "none":
            return features
        if self.statistic == "instance":
            return scale_instance(
                features,
                normtype=self.normtype,
                dims=self.dims,
                min_range_db=self.min_range_db,
                limits=self.limits,
            )
        if self.mean.numel() == 0:
            raise SedError("the dataset scaler has no statistics yet; fit it before use.")
        centred = features - self.mean
        if self.normtype == "mean":
            return centred
        variance = (self.mean_squared - self.mean.square()).clamp(min=0.0)
        return centred / (variance.sqrt() + EPSILON)

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        # The statistics' shape depends on the data they were fitted on: adopt the stored one.
        for name, buffer in self.named_buffers(recurse=False):
            stored = state.get(prefix + name)
            if isinstance(stored, Tensor) and stored.shape != buffer.shape:
                setattr(self, name, torch.empty_like(stored, device=buffer.device))
        super()._load_from_state_dict(state, prefix, *rest)
