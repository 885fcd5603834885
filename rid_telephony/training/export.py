"""Writes the counting reader as an ONNX graph, built by hand: gather, weigh, add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from rid_telephony.training.fitting import Linear

OPSET = 13
IR_VERSION = 8


@dataclass(frozen=True, slots=True)
class Output:
    """A head of the graph.

    Attributes:
        name: Of the output.
        model: Its weights.
    """

    name: str
    model: Linear


def write_graph(path: Path, outputs: Sequence[Output], scale: NDArray[np.float64]) -> None:
    """Write the graph.

    Args:
        path: Where to.
        outputs: The heads; all have one row of weights for each feature.
        scale: Weight of each feature, taken into its row.
    """
    table = np.concatenate([one.model.weights for one in outputs], axis=1) * scale[:, None]
    padded = np.concatenate([np.zeros((1, table.shape[1])), table]).astype(np.float16)
    bias = np.concatenate([one.model.bias for one in outputs]).astype(np.float32)
    sizes = np.array([len(one.model.bias) for one in outputs], np.int64)
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["half"]),
        helper.make_node("Cast", ["half"], ["rows"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["weights", "last"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["weighed"]),
        helper.make_node("ReduceSum", ["weighed", "middle"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sum", "bias"], ["logits"]),
        helper.make_node("Split", ["logits", "sizes"], [one.name for one in outputs], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "rid-signals",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", "k"]),
            helper.make_tensor_value_info("weights", TensorProto.FLOAT, ["n", "k"]),
        ],
        [
            helper.make_tensor_value_info(one.name, TensorProto.FLOAT, ["n", len(one.model.bias)])
            for one in outputs
        ],
        [
            numpy_helper.from_array(padded, "table"),
            numpy_helper.from_array(bias, "bias"),
            numpy_helper.from_array(sizes, "sizes"),
            numpy_helper.from_array(np.array([2], np.int64), "last"),
            numpy_helper.from_array(np.array([1], np.int64), "middle"),
        ],
    )
    model = helper.make_model(
        graph,
        producer_name="rid-telephony",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString(deterministic=True))
