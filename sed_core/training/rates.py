"""Which rate each weight is learned at: the CNN and a pretrained network may have their own."""

from typing import TYPE_CHECKING, Any

from torch import nn

from sed_core.config.system import Opt

if TYPE_CHECKING:
    from sed_core.models.end_to_end import EndToEnd


def parameter_groups(
    student: nn.Module, pretrained: "EndToEnd | None", opt: Opt
) -> list[dict[str, Any]]:
    """What learns, in groups of equal rate for the optimiser.

    Args:
        student: its `cnn`, if it has one, learns at `opt.cnn_lr`, the rest at `opt.lr`.
        pretrained: its last layer learns at `opt.encoder_lr`, each one before it at
            `opt.encoder_decay` of the next one's, as in ATST-SED.
        opt: rates after the warm-up.

    Returns:
        `params`, and `share`: the group's rate as a share of `opt.lr`.
    """
    groups: dict[float, list[nn.Parameter]] = {1.0: []}
    cnn = 1.0 if opt.cnn_lr is None else opt.cnn_lr / opt.lr
    for name, parameter in student.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(cnn if name.startswith("cnn.") else 1.0, []).append(parameter)
    if pretrained is not None:
        last = 1.0 if opt.encoder_lr is None else opt.encoder_lr / opt.lr
        for parameter, behind in zip(*_layers(pretrained.encoder), strict=True):
            if parameter.requires_grad:
                groups.setdefault(last * opt.encoder_decay**behind, []).append(parameter)
    return [{"params": group, "share": share} for share, group in groups.items() if group]


def _layers(encoder: Any) -> tuple[list[nn.Parameter], list[int]]:
    """Its parameters, and how many layers lie behind each; each of `Encoder.block_list` is a layer.

    What is declared before the blocks makes one more layer, and so does what is declared after.
    """
    before, numbers, blocks = 0, [], f"{encoder.block_list}."
    parameters = dict(encoder.named_parameters())
    for name in parameters:
        if encoder.block_list and name.startswith(blocks):
            before = 1 + int(name.removeprefix(blocks).split(".")[0])
            numbers.append(before)
        else:
            numbers.append(before + 1 if before else 0)
    deepest = max(numbers, default=0)
    return list(parameters.values()), [deepest - number for number in numbers]
