"""Fine-tunes the encoder on the labels of both parties at once, and reads with it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]  # no type information
from numpy.typing import NDArray

from rid_telephony.rid.encoder import Passage, TextEncoder
from rid_telephony.training.encoder import net
from rid_telephony.training.encoder.batches import (
    Batch,
    Example,
    batches,
    frames_of,
    stacked,
    variant,
)
from rid_telephony.training.encoder.start import Start

BATCH = 32
SMOOTHING = 0.05
"""Share of the truth that is spread over all labels (Szegedy et al., 2016)."""
WEIGHT_DECAY = 0.01
WARM_UP = 0.08
"""Share of the steps in which the learning rate rises."""
HEAD_SPEED = 10.0
"""How much faster the heads learn than the pretrained layers."""
ANY_WEIGHT = 4.0
"""Weight of a head of several labels, whose loss is a mean over many labels that are absent."""
MOST_WEIGHT = 3.0
_SAMPLE = 512

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how fast it learns.

    Attributes:
        epochs: Times that every example is read.
        rate: Highest learning rate of AdamW.
    """

    epochs: int = 5
    rate: float = 2e-4


@dataclass(frozen=True, slots=True)
class HeadShape:
    """A head of the network.

    Attributes:
        labels: How many.
        single: True for exactly one label, False for any number of them.
    """

    labels: int
    single: bool


@dataclass(frozen=True, slots=True)
class Taught:
    """An encoder that has learned.

    Attributes:
        mean: Of what is pooled, by which it is standardised.
        deviation: Likewise.
        heads: Attention heads of a layer.
    """

    params: net.Params
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    heads: int


class Teacher:
    """Teaches one encoder.

    Args:
        start: Where it begins.
        shapes: Head to its shape.
        reader: Cuts text into pieces.
        seed: Of order, noise, dropout and the new heads.
    """

    def __init__(
        self, start: Start, shapes: Mapping[str, HeadShape], reader: TextEncoder, seed: int
    ) -> None:
        self._shapes = shapes
        self._reader = reader
        self._source = random.Random(seed)  # noqa: S311 - order and noise, not secrets
        self._key = jax.random.PRNGKey(seed)
        self._heads = start.heads
        labels = {name: one.labels for name, one in shapes.items()}
        self._params = net.parameters(start, labels, self._key)

    def teach(self, examples: Sequence[Example], course: Course, report: Report) -> Taught:
        """Learn from examples."""
        standard = self._standard(examples)
        weights = {name: _balance(examples, name) for name in self._shapes}
        steps = course.epochs * (len(examples) // BATCH + 6)
        optimiser = _optimiser(course.rate, steps)
        state = optimiser.init(self._params)
        loss = partial(_loss, self._shapes, weights, self._heads, standard)

        @jax.jit
        def step(params, state, batch, targets, key):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - traced by JAX
            value, slope = jax.value_and_grad(loss)(params, batch, targets, key)
            change, state = optimiser.update(slope, state, params)
            return optax.apply_updates(params, change), state, value

        count = 0
        for epoch in range(course.epochs):
            losses = []
            for batch in self._shuffled(examples):
                targets = stacked(examples, batch.rows, BATCH)
                key = jax.random.fold_in(self._key, count)
                self._params, state, value = step(self._params, state, _arrays(batch), targets, key)
                losses.append(float(value))
                count += 1
            report(f"encoder: epoch {epoch + 1} of {course.epochs}, loss {np.mean(losses):.3f}")
        return Taught(self._params, np.array(standard[0]), np.array(standard[1]), self._heads)

    def _standard(self, examples: Sequence[Example]) -> tuple[jax.Array, jax.Array]:
        """Mean and deviation of what the untaught encoder pools: e5's lie in a narrow cone."""
        chosen = self._source.sample(range(len(examples)), min(_SAMPLE, len(examples)))
        passages = [examples[number].passage for number in chosen]
        read = jax.jit(partial(net.pooled, heads=self._heads))
        rows = []
        frames = frames_of(self._reader, passages)
        for batch in batches(frames, BATCH, range(len(passages))):
            rows.append(np.array(read(self._params, _arrays(batch)))[: len(batch.rows)])
        values = np.concatenate(rows)
        return jnp.asarray(values.mean(0)), jnp.asarray(values.std(0) + 1e-4)

    def _shuffled(self, examples: Sequence[Example]) -> list[Batch]:
        passages = [variant(one, self._source) for one in examples]
        order = list(range(len(examples)))
        self._source.shuffle(order)
        made = list(batches(frames_of(self._reader, passages), BATCH, order))
        self._source.shuffle(made)
        return made


def read_logits(
    taught: Taught, reader: TextEncoder, passages: Sequence[Passage]
) -> dict[str, NDArray[np.float64]]:
    """Logits of every head for passages, each N x labels."""
    standard = (jnp.asarray(taught.mean), jnp.asarray(taught.deviation))
    read = jax.jit(partial(net.logits, heads=taught.heads, standard=standard))
    found = {
        name: np.zeros((len(passages), len(one["bias"])))
        for name, one in taught.params["heads"].items()
    }
    for batch in batches(frames_of(reader, passages), BATCH, range(len(passages))):
        for name, values in read(taught.params, _arrays(batch)).items():
            found[name][list(batch.rows)] = np.array(values)[: len(batch.rows)]
    return found


def _optimiser(rate: float, steps: int) -> optax.GradientTransformation:
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, rate, int(steps * WARM_UP) + 1, steps, rate / 50
    )

    def matrices(params: net.Params) -> net.Params:
        return jax.tree_util.tree_map(lambda one: one.ndim > 1, params)  # type: ignore[no-any-return]  # JAX's trees are untyped

    def is_head(params: net.Params) -> net.Params:
        return {
            name: jax.tree_util.tree_map(lambda _, head=name == "heads": head, value)
            for name, value in params.items()
        }

    return optax.chain(
        optax.clip_by_global_norm(1.0),
        optax.adamw(schedule, weight_decay=WEIGHT_DECAY, mask=matrices),
        optax.masked(optax.scale(HEAD_SPEED), is_head),
    )


def _loss(
    shapes: Mapping[str, HeadShape],
    weights: Mapping[str, NDArray[np.float32]],
    heads: int,
    standard: tuple[jax.Array, jax.Array],
    params: net.Params,
    batch: net.Batch,
    targets: Mapping[str, jax.Array],
    key: jax.Array,
) -> jax.Array:
    """Cross entropy of all heads; one that does not apply to an example counts nothing there."""
    found = net.logits(params, batch, heads, standard, key)
    total = jnp.zeros(())
    for name, shape in shapes.items():
        wanted = targets[name]
        if shape.single:
            smooth = wanted * (1 - SMOOTHING) + SMOOTHING / shape.labels
            losses = optax.softmax_cross_entropy(found[name], smooth)
            total += (losses * (wanted * weights[name]).sum(-1)).mean()
        else:
            party = name.split(".")[0]
            applies = sum(
                targets[other].sum(-1)
                for other, one in shapes.items()
                if one.single and other.startswith(party)
            )
            losses = optax.sigmoid_binary_cross_entropy(found[name], wanted).mean(-1)
            total += ANY_WEIGHT * (losses * jnp.minimum(applies, 1.0)).mean()
    return total


def _balance(examples: Sequence[Example], name: str) -> NDArray[np.float32]:
    """Weights of a head's labels: the root of how rare they are."""
    counts = np.sum([one.targets[name] for one in examples], axis=0)
    usual = counts.sum() / len(counts)
    weights = np.sqrt(usual / np.maximum(counts, 1))
    return np.asarray(np.minimum(weights, MOST_WEIGHT), np.float32)


def _arrays(batch: Batch) -> net.Batch:
    return jnp.asarray(batch.ids), jnp.asarray(batch.mask), jnp.asarray(batch.parts)
