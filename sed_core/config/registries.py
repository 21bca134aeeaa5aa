"""What the registries name, read from their source: importing them would import torch first."""

import ast
import math
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

HOME = Path(__file__).resolve().parents[2]
ENCODERS = "sed_core/features/embeddings/encoder_registry.py"
AUGMENTATIONS = "sed_core/training/augmentation/augmentation_registry.py"
FUSIONS = "sed_core/models/fusion_registry.py"
HEADS = "sed_core/models/head_registry.py"
LOSSES = "sed_core/training/loss/loss_registry.py"
SCHEDULES = "sed_core/training/schedule/schedule_registry.py"
OBJECTIVES = "sed_core/training/selection/objective_registry.py"
OPTIMIZERS = "sed_core/training/optimizer_registry.py"
JOINS = "sed_core/inference/stitching.py"
ALIGNMENTS = "sed_core/features/embeddings/alignment_registry.py"
AGGREGATIONS = "sed_core/data/aggregation.py"


@cache
def names(file: str, table: str) -> dict[str, str]:
    """Keys of a dictionary that a module defines, each with the name of what it stands for."""
    for node in _tree(file).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == table:
            assert isinstance(node.value, ast.Dict)
            keys = map(ast.literal_eval, filter(None, node.value.keys))
            return dict(zip(keys, map(ast.unparse, node.value.values), strict=True))
    raise LookupError(f"{file} defines no {table}")


@cache
def kinds(encoder: str) -> tuple[str, ...]:
    """The kinds of embedding that a registered network gives (`Encoder.kinds`)."""
    return tuple(_of_class(encoder, "kinds", ()))


@cache
def is_alignable(encoder: str) -> bool:
    """Whether its frames may be aligned in their own order (`Encoder.alignable`)."""
    return bool(_of_class(encoder, "alignable", True))


@cache
def has_blocks(encoder: str) -> bool:
    """Whether a registered network has blocks that may learn at their own rates."""
    return bool(_of_class(encoder, "block_list", ""))


@cache
def max_seconds(encoder: str) -> float:
    """What a registered network hears of a clip (`Encoder.max_seconds`); infinite: all of it."""
    return float(_of_class(encoder, "max_seconds", math.inf))


@cache
def whole_seconds(encoder: str) -> float:
    """Beyond this a clip is heard in pieces (`MelEncoder.whole_seconds`); infinite: never."""
    return float(_of_class(encoder, "whole_seconds", math.inf))


@cache
def hears_mel(encoder: str) -> bool:
    """Whether what a registered network hears can be augmented (`MelEncoder`)."""
    wanted = names(ENCODERS, "ENCODERS")[encoder]
    return any(
        "MelEncoder" in map(ast.unparse, item.bases)
        for item in _tree(_origin(ENCODERS, wanted)).body
        if isinstance(item, ast.ClassDef) and item.name == wanted
    )


@cache
def options(encoder: str) -> tuple[str, ...]:
    """What a configuration can change in a registered network (`Encoder.options`)."""
    return tuple(_of_class(encoder, "options", ()))


class Parameter(NamedTuple):
    """A keyword argument of a registered function: its type as written, and if it must be given."""

    annotation: str
    required: bool


@cache
def parameters(file: str, function: str) -> dict[str, Parameter]:
    """The keyword arguments of a function that a registry imports.

    A `*` in its signature stands before them.
    """
    for item in _tree(_origin(file, function)).body:
        if isinstance(item, ast.FunctionDef) and item.name == function:
            pairs = zip(item.args.kwonlyargs, item.args.kw_defaults, strict=True)
            return {
                argument.arg: Parameter(ast.unparse(argument.annotation), default is None)
                for argument, default in pairs
                if argument.annotation is not None
            }
    raise LookupError(f"{file} imports no function {function}")


def _origin(file: str, name: str) -> str:
    """The file from which a registry imports a name."""
    for node in _tree(file).body:
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            return f"{str(node.module).replace('.', '/')}.py"
    raise LookupError(f"{file} imports no {name}")


def _of_class(encoder: str, attribute: str, default: Any) -> Any:
    """A constant that the class of a registered network states; the default where it does not."""
    wanted = names(ENCODERS, "ENCODERS")[encoder]
    found = [
        ast.literal_eval(line.value)
        for item in _tree(_origin(ENCODERS, wanted)).body
        if isinstance(item, ast.ClassDef) and item.name == wanted
        for line in item.body
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == attribute
    ]
    return found[0] if found else default


@cache
def _tree(file: str) -> ast.Module:
    return ast.parse((HOME / file).read_text(encoding="utf-8"))
