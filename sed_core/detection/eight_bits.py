"""ONNX networks with weights of 8 bits: a quarter of the size, computed in float32 as before."""

from pathlib import Path

import numpy as np

from sed_core.runtime.files import atomic

CHANNEL_AXIS = {"Conv": {1: 0}, "MatMul": {1: -1}, "Gemm": {1: 0}, "GRU": {1: 1, 2: 1}}
"""Operator -> which of its inputs are weights -> their axis of output channels."""
FEWEST = 1024  # values; smaller weights are not worth it
SPARSE = (
    0.5  # share of zeros by which a bank of filters is told from weights; it needs all its bits
)


def with_eight_bits(source: Path, target: Path) -> None:
    """Write a network whose large weights are whole numbers, with a scale for each channel.

    Rounded to the nearest of 255 levels from the largest magnitude of a channel to its negative;
    onnxruntime makes float32 of them when it loads the network.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(source)
    graph = model.graph
    axes = {
        name: axis
        for node in graph.node
        for place, axis in CHANNEL_AXIS.get(node.op_type, {}).items()
        for name in node.input[place : place + 1]
    }
    kept, new, restored = [], [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if (
            tensor.name not in axes
            or values.dtype != np.float32
            or values.size < FEWEST
            or np.mean(values == 0) > SPARSE
        ):
            kept.append(tensor)
            continue
        axis = axes[tensor.name] % values.ndim
        others = tuple(other for other in range(values.ndim) if other != axis)
        scale = np.maximum(np.abs(values).max(others), 1e-12) / 127
        shape = [-1 if at == axis else 1 for at in range(values.ndim)]
        whole = np.rint(values / scale.reshape(shape)).astype(np.int8)
        names = [f"{tensor.name}_{part}" for part in ("int8", "scale")]
        arrays = (whole, scale.astype(np.float32))
        new += [numpy_helper.from_array(*pair) for pair in zip(arrays, names, strict=True)]
        restored.append(helper.make_node("DequantizeLinear", names, [tensor.name], axis=axis))
    nodes = list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend([*kept, *new])
    graph.node.extend([*restored, *nodes])
    with atomic(target) as draft:
        onnx.save(model, draft)
