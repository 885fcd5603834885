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
    seed: Annotated[int, typer.Option("--seed", help="Of all that is random.")] = 0,
    epochs: Annotated[
        int, typer.Option("--epochs", min=1, max=100, help="Times the encoder reads everything.")
    ] = 5,
    keep_encoder: Annotated[
        bool,
        typer.Option(
            "--keep-encoder",
            help="Keep the encoder in --output and train the rest: after a change of lexicons.",
        ),
    ] = False,
) -> None:
    """Train the signal classifier from the corpus, calibrate it, and write it with its card.

    Takes about an hour on a laptop's CPU (with `--keep-encoder` some minutes) and needs the extra
    `train`. The same corpus and seed give the same model on the same machine. Figures are those of
    writers held out; they stand in the card.
    """
    try:
        # Imported here: scikit-learn and onnx are needed for training only.
        from rid_telephony.training.encoder.fit import Course  # noqa: PLC0415
        from rid_telephony.training.train import Plan  # noqa: PLC0415
        from rid_telephony.training.train import train as run  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ModelError(
            f"Training needs {error.name}, which is not installed.",
            "Run: pip install 'rid-telephony[train]'",
        ) from error
    plan = Plan(seed=seed, keep_encoder=keep_encoder, course=Course(epochs=epochs))
    result = run(corpus, output, plan, say)
    say(
        f"{output}: {result.bytes / 1e6:.1f} MB from {result.customer} customer and "
        f"{result.agent} agent utterances; figures in {output / 'MODEL_CARD.md'}"
    )
