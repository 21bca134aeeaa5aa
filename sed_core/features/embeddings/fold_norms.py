"""Batch norms that became part of the convolutions before them, for networks that learn no more."""

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_norms(network: nn.Module) -> None:
    """Fold, in place, every 2-D norm that its module applies right after a convolution.

    In a `Sequential` that is the next layer; elsewhere `bn`, `bn1`, … belong to `conv`, `conv1`, ….
    """
    for module in network.modules():
        for name, layer in list(module.named_children()):
            after = _norm_of(module, name)
            norm = module._modules.get(after)
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module.add_module(name, fuse_conv_bn_eval(layer, norm))
                module.add_module(after, nn.Identity())


def _norm_of(module: nn.Module, name: str) -> str:
    return str(int(name) + 1) if isinstance(module, nn.Sequential) else name.replace("conv", "bn")
