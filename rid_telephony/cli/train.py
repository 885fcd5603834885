"""``rid-telephony train``: makes the signal classifier from the corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rid_telephony.cli.screen import say
from rid_telephony.errors import ModelError


def train(
    corpus: Annotated[Path, typer.Argument(help="Directory of the corpus.")] = Path("corpus"),
    output: Annotated[
        Path, typer.Option("--output", help="Where the model goes; see rid.model_dir.")
    ] = Path("rid_telephony/data/models/signals"),
    seed: Annotated[int, typer.Option("--seed", help="Of the noise in training.")] = 0,
) -> None:
    """Train the signal classifier from the corpus, calibrate it, and write it with its card.

    Takes some minutes on a laptop's CPU and needs the extra `train`. The same corpus and seed
    give the same model. Figures are those of writers held out in turn; they stand in the card.
    """
    try:
        # Imported here: scikit-learn and onnx are needed for training only.
        from rid_telephony.training.train import train as run  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModelError(
            f"Training needs {error.name}, which is not installed.",
            "Run: pip install 'rid-telephony[train]'",
        ) from error
    result = run(corpus, output, seed, say)
    say(
        f"{output}: {result.bytes / 1e6:.1f} MB from {result.customer} customer and "
        f"{result.agent} agent utterances; figures in {output / 'MODEL_CARD.md'}"
    )
