"""Labelled records: the format of the corpus and of an evaluation directory, one JSON a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rid_telephony.errors import InputError
from rid_telephony.rid.messages import (
    AGENT_ACTS,
    COMPLIANCE_LABELS,
    CUSTOMER_ACTS,
    EMOTIONS,
    OBJECTIONS,
    TOPICS,
)

MAX_LINE = 200_000
"""Characters of one record: a labelled dialogue of a long call has 20,000."""
MAX_RECORDS = 200_000
"""Records of one file."""


def _one_of(labels: tuple[str, ...]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in labels:
            raise ValueError(f"{value!r} is none of {', '.join(labels)}")
        return value

    return AfterValidator(check)


Objection = Annotated[str, _one_of(OBJECTIONS)]
Emotion = Annotated[str, _one_of(EMOTIONS)]
CustomerAct = Annotated[str, _one_of(CUSTOMER_ACTS)]
Topic = Annotated[str, _one_of(TOPICS)]
AgentAct = Annotated[str, _one_of(AGENT_ACTS)]
Violation = Annotated[str, _one_of(COMPLIANCE_LABELS)]


class LabelledRecord(BaseModel):
    """What every labelled utterance has.

    Attributes:
        context: The other party's last utterance; empty if there was none.
        asr_noise: True where the text has a recogniser's errors.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1)
    context: str = ""
    text: str = Field(min_length=1)
    asr_noise: bool = False


class CustomerRecord(LabelledRecord):
    """A customer's utterance with its labels."""

    objection: Objection
    emotion: Emotion
    act: CustomerAct
    topics: tuple[Topic, ...] = ()
    facts: dict[str, Any] = Field(default_factory=dict)


class AgentRecord(LabelledRecord):
    """An agent's utterance with its labels."""

    act: AgentAct
    compliance: tuple[Violation, ...] = ()


ModelT = TypeVar("ModelT", bound=BaseModel)


def read_records(path: Path, model: type[ModelT]) -> Iterator[tuple[str, ModelT]]:
    """Every record of a JSON Lines file with its place, ``file:line``; empty lines are passed.

    Raises:
        InputError: The file cannot be read or a record breaks the model.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8: {error.reason}.") from error
    if len(lines) > MAX_RECORDS:
        raise InputError(f"{path} has more than {MAX_RECORDS} lines.", "Split the file.")
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield f"{path}:{number}", _record(f"{path}:{number}", line, model)


def _record(place: str, line: str, model: type[ModelT]) -> ModelT:
    if len(line) > MAX_LINE:
        raise InputError(f"{place}: longer than {MAX_LINE} characters.")
    try:
        return model.model_validate_json(line)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors(include_url=False)
        )
        raise InputError(f"{place}: {problems}") from error
