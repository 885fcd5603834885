"""Writes a taught encoder as an ONNX graph with weights of 8 bits.

Word vectors are kept as int8 with one scale each; the matrices of the layers are quantised by
onnxruntime (dynamic quantisation, 7 bits of range so that processors without VNNI do not
overflow).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from rid_telephony.training.encoder.fit import Taught
from rid_telephony.training.encoder.net import EPSILON, Params

OPSET = 20
IR_VERSION = 9
_LARGEST = 127.0


def write_encoder(path: Path, taught: Taught) -> None:
    """Write the graph: ``ids``, ``mask``, ``parts`` (int64, N x T) in, logits of each head out."""
    with tempfile.TemporaryDirectory() as directory:
        plain = Path(directory) / "plain.onnx"
        onnx.save(_Graph(taught).model(), plain)
        quantize_dynamic(
            plain,
            path,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )


class _Graph:
    """Collects nodes and constants."""

    def __init__(self, taught: Taught) -> None:
        self._taught = taught
        self._heads = taught.heads
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def model(self) -> onnx.ModelProto:
        params = self._taught.params
        hidden = self._embed(params)
        unseen = self._unseen()
        for number, layer in enumerate(params["layers"]):
            hidden = self._layer(f"layer{number}.", layer, hidden, unseen)
        pooled = self._pool(hidden)
        outputs = []
        for name, head in params["heads"].items():
            weights = self._floats(f"{name}.weights", head["weights"])
            bias = self._floats(f"{name}.bias", head["bias"])
            self._nodes.append(helper.make_node("Gemm", [pooled, weights, bias], [name]))
            shape = ["n", head["bias"].shape[0]]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"])
            for name in ("ids", "mask", "parts")
        ]
        graph = helper.make_graph(
            self._nodes, "rid-encoder", inputs, outputs, list(self._constants.values())
        )
        model = helper.make_model(
            graph,
            producer_name="rid-telephony",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        onnx.checker.check_model(model)
        return model

    def _embed(self, params: Params) -> str:
        words = np.asarray(params["words"], np.float32)
        scale = np.maximum(np.abs(words).max(1, keepdims=True), 1e-9) / _LARGEST
        table = self._constant("words", np.round(words / scale).astype(np.int8))
        rows = self._do("Gather", table, "ids")
        scales = self._do("Gather", self._floats("scales", scale), "ids")
        word = self._do("Mul", self._do("Cast", rows, to=TensorProto.FLOAT), scales)
        length = self._do("Gather", self._do("Shape", "ids"), self._int("one", 1))
        places = self._do("Range", self._int("zero", 0), length, self._int("one", 1))
        place = self._do("Gather", self._floats("positions", params["positions"]), places)
        part = self._do("Gather", self._floats("kinds", params["parts"]), "parts")
        total = self._do("Add", self._do("Add", word, place), part)
        return self._norm("embed.", total, params["norm"], params["norm_bias"])

    def _unseen(self) -> str:
        """0 where a piece is, -1e9 where padding is, N x 1 x 1 x T."""
        hidden = self._do("Sub", self._floats("float_one", 1.0), self._mask())
        far = self._do("Mul", hidden, self._floats("far", -1e9))
        return self._do("Unsqueeze", far, self._ints("middle", [1, 2]))

    def _mask(self) -> str:
        return self._do("Cast", "mask", to=TensorProto.FLOAT)

    def _layer(self, name: str, layer: Params, hidden: str, unseen: str) -> str:
        width = layer["query"].shape[0]
        shape = self._ints("split", [0, 0, self._heads, width // self._heads])
        shrink = 1 / np.sqrt(width // self._heads)
        joint = np.concatenate(
            [np.asarray(layer["query"]) * shrink, layer["key"], layer["value"]], axis=1
        )
        bias = np.concatenate(
            [np.asarray(layer["query_bias"]) * shrink, layer["key_bias"], layer["value_bias"]]
        )
        mixed = self._linear(f"{name}attend", hidden, joint, bias)
        names = [f"{name}{one}" for one in ("query", "key", "value")]
        self._nodes.append(helper.make_node("Split", [mixed], names, axis=2, num_outputs=3))
        query, key, value = (
            self._do("Transpose", self._do("Reshape", one, shape), perm=order)
            for one, order in zip(names, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True)
        )
        scores = self._do("Add", self._do("MatMul", query, key), unseen)
        heard = self._do("MatMul", self._do("Softmax", scores, axis=-1), value)
        joined = self._do(
            "Reshape",
            self._do("Transpose", heard, perm=[0, 2, 1, 3]),
            self._ints("join", [0, 0, width]),
        )
        told = self._linear(f"{name}output", joined, layer["output"], layer["output_bias"])
        hidden = self._norm(
            f"{name}norm", self._do("Add", hidden, told), layer["norm"], layer["norm_bias"]
        )
        wide = self._do(
            "Gelu", self._linear(f"{name}widen", hidden, layer["widen"], layer["widen_bias"])
        )
        narrow = self._linear(f"{name}narrow", wide, layer["narrow"], layer["narrow_bias"])
        return self._norm(
            f"{name}last",
            self._do("Add", hidden, narrow),
            layer["last_norm"],
            layer["last_norm_bias"],
        )

    def _pool(self, hidden: str) -> str:
        first = self._do("Gather", hidden, self._int("zero", 0), axis=1)
        rest = self._do("Mod", "parts", self._int("two", 2))
        own = self._do("Cast", self._do("Equal", rest, self._int("zero", 0)), to=TensorProto.FLOAT)
        own = self._do("Mul", own, self._mask())
        weighed = self._do("Mul", hidden, self._do("Unsqueeze", own, self._ints("last", [2])))
        along = self._ints("along", [1])
        mean = self._do(
            "Div",
            self._do("ReduceSum", weighed, along, keepdims=0),
            self._do("ReduceSum", own, along, keepdims=1),
        )
        both = self._do("Concat", first, mean, axis=-1)
        centred = self._do("Sub", both, self._floats("mean", self._taught.mean))
        return self._do("Div", centred, self._floats("deviation", self._taught.deviation))

    def _linear(self, name: str, values: str, weights: ArrayLike, bias: ArrayLike) -> str:
        product = self._do("MatMul", values, self._floats(f"{name}.weights", weights))
        return self._do("Add", product, self._floats(f"{name}.bias", bias))

    def _norm(self, name: str, values: str, weight: ArrayLike, bias: ArrayLike) -> str:
        given = (self._floats(f"{name}.weight", weight), self._floats(f"{name}.bias", bias))
        return self._do("LayerNormalization", values, *given, epsilon=EPSILON, axis=-1)

    def _do(self, kind: str, *given: str, **options: Any) -> str:  # noqa: ANN401 - attributes of any node
        name = f"step{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(given), [name], **options))
        return name

    def _floats(self, name: str, values: ArrayLike) -> str:
        return self._constant(name, np.array(values, np.float32, order="C"))

    def _ints(self, name: str, values: list[int]) -> str:
        return self._constant(name, np.array(values, np.int64))

    def _int(self, name: str, value: int) -> str:
        return self._constant(name, np.array(value, np.int64))

    def _constant(self, name: str, values: np.ndarray) -> str:
        self._constants[name] = numpy_helper.from_array(values, name)
        return name
