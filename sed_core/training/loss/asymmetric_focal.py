"""The asymmetric focal loss, which weighs active and inactive frames apart."""

import torch

Exponent = float
"""A number from 0 on."""
LOWEST_LOGARITHM = -100.0
"""As torch's binary cross entropy has it, so that a certain error stays finite."""


def asymmetric_focal(
    posteriors: torch.Tensor,
    labels: torch.Tensor,
    *,
    gamma: Exponent = 0.0,
    zeta: Exponent = 1.0,
) -> torch.Tensor:
    """Mean over all elements of -((1 - p)^gamma y log p + p^zeta (1 - y) log(1 - p)).

    Imoto et al., "Impact of Sound Duration and Inactive Frames on Sound Event Detection
    Performance" (ICASSP 2021). With both exponents 0 it is the binary cross entropy.

    Args:
        posteriors: (B, C, T) or (B, C), in [0, 1].
        labels: of the same shape.
        gamma: lowers the weight of active frames that are found already.
        zeta: lowers the weight of inactive frames, most of which are easy.
    """
    hit = torch.log(posteriors).clamp(min=LOWEST_LOGARITHM)
    rejection = torch.log1p(-posteriors).clamp(min=LOWEST_LOGARITHM)
    active = (1.0 - posteriors) ** gamma * labels * hit
    inactive = posteriors**zeta * (1.0 - labels) * rejection
    return -(active + inactive).mean()
