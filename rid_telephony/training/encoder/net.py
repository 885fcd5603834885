"""The network in JAX: pure functions of parameters and arrays.

A BERT encoder (Devlin et al., 2019) with the XLM-RoBERTa vocabulary; on top, for every head, one
linear layer over the first piece and the mean of the utterance's own pieces, standardised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rid_telephony.training.encoder.start import Start

Params = dict[str, Any]
Batch = tuple[jax.Array, jax.Array, jax.Array]
"""``ids``, ``mask`` and ``parts``, each N x T."""

EPSILON = 1e-12
DROPOUT = 0.1
POOL_DROPOUT = 0.2
_HEAD_SCALE = 0.02


def parameters(start: Start, heads: Mapping[str, int], key: jax.Array) -> Params:
    """Parameters to train: those of the encoder, and new ones for the heads (name to labels)."""
    width = start.words.shape[1]
    return {
        "words": jnp.asarray(start.words),
        "positions": jnp.asarray(start.positions),
        "parts": jnp.asarray(start.parts),
        "norm": jnp.asarray(start.norm),
        "norm_bias": jnp.asarray(start.norm_bias),
        "layers": [
            {name: jnp.asarray(value) for name, value in asdict(layer).items()}
            for layer in start.layers
        ],
        "heads": {
            name: {
                "weights": _HEAD_SCALE
                * jax.random.normal(jax.random.fold_in(key, number), (2 * width, labels)),
                "bias": jnp.zeros(labels),
            }
            for number, (name, labels) in enumerate(heads.items())
        },
    }


def pooled(params: Params, batch: Batch, heads: int, key: jax.Array | None = None) -> jax.Array:
    """The first piece beside the mean of the utterance's own pieces, N x 2 width."""
    _, mask, parts = batch
    hidden = _encode(params, batch, heads, key)
    own = (mask * (parts % 2 == 0))[..., None].astype(hidden.dtype)
    mean = (hidden * own).sum(1) / own.sum(1).clip(1)
    return jnp.concatenate([hidden[:, 0], mean], -1)


def logits(
    params: Params,
    batch: Batch,
    heads: int,
    standard: tuple[jax.Array, jax.Array],
    key: jax.Array | None = None,
) -> dict[str, jax.Array]:
    """Logits of every head, N x labels.

    Args:
        params: See :func:`parameters`.
        batch: See :data:`Batch`.
        heads: Attention heads of a layer.
        standard: Mean and deviation of what is pooled, 2 width each.
        key: Of the dropout; none where None.
    """
    inner, outer = (None, None) if key is None else jax.random.split(key)
    values = (pooled(params, batch, heads, inner) - standard[0]) / standard[1]
    values = _drop(values, POOL_DROPOUT, outer)
    return {name: values @ head["weights"] + head["bias"] for name, head in params["heads"].items()}


def _encode(params: Params, batch: Batch, heads: int, key: jax.Array | None) -> jax.Array:
    ids, mask, parts = batch
    depth = len(params["layers"])
    keys = [None] * (2 * depth + 1) if key is None else list(jax.random.split(key, 2 * depth + 1))
    hidden = params["words"][ids] + params["positions"][: ids.shape[1]] + params["parts"][parts]
    hidden = _drop(_norm(hidden, params["norm"], params["norm_bias"]), DROPOUT, keys[-1])
    unseen = jnp.where(mask[:, None, None, :] > 0, 0.0, -1e9)
    for number, layer in enumerate(params["layers"]):
        heard = _attend(layer, hidden, unseen, heads)
        hidden = hidden + _drop(heard, DROPOUT, keys[2 * number])
        hidden = _norm(hidden, layer["norm"], layer["norm_bias"])
        wide = jax.nn.gelu(hidden @ layer["widen"] + layer["widen_bias"], approximate=False)
        narrow = wide @ layer["narrow"] + layer["narrow_bias"]
        hidden = hidden + _drop(narrow, DROPOUT, keys[2 * number + 1])
        hidden = _norm(hidden, layer["last_norm"], layer["last_norm_bias"])
    return hidden


def _attend(layer: Params, hidden: jax.Array, unseen: jax.Array, heads: int) -> jax.Array:
    rows, length, width = hidden.shape

    def split(name: str) -> jax.Array:
        values: jax.Array = hidden @ layer[name] + layer[f"{name}_bias"]
        return values.reshape(rows, length, heads, width // heads).transpose(0, 2, 1, 3)

    query, key, value = split("query"), split("key"), split("value")
    scores = query @ key.transpose(0, 1, 3, 2) / np.sqrt(width // heads) + unseen
    heard = jax.nn.softmax(scores, -1) @ value
    joined = heard.transpose(0, 2, 1, 3).reshape(rows, length, width)
    told: jax.Array = joined @ layer["output"] + layer["output_bias"]
    return told


def _norm(values: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
    mean = values.mean(-1, keepdims=True)
    variance = ((values - mean) ** 2).mean(-1, keepdims=True)
    standard = (values - mean) * jax.lax.rsqrt(variance + EPSILON)
    return standard * weight + bias


def _drop(values: jax.Array, rate: float, key: jax.Array | None) -> jax.Array:
    if key is None:
        return values
    return jnp.where(jax.random.bernoulli(key, 1 - rate, values.shape), values / (1 - rate), 0.0)
