"""Reads the product's data files: YAML, validated by a pydantic model, errors with line and column.

Rules, lexicons, playbooks and catalogues are data that a bank edits by hand. Every mistake in
them is therefore reported as ``file:line:column: field: what is wrong``, all of them at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from rid_telephony.errors import DataError

MAX_BYTES = 4_000_000
"""Largest data file that is read; the shipped ones are a hundredth of it."""
MAX_ERRORS = 20
"""Mistakes named in one message; the rest is counted."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DataModel(BaseModel):
    """A frozen part of a data file; an unknown key is an error, so that a typo is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


ModelT = TypeVar("ModelT", bound=BaseModel)


def read_data(path: Path, model: type[ModelT], *, context: object = None) -> ModelT:
    """Read a YAML file into a model.

    Args:
        path: The file; UTF-8, at most :data:`MAX_BYTES`.
        model: What it must be.
        context: Handed to the model's validators, such as the names that other files declare.

    Raises:
        DataError: The file cannot be read, is not YAML, or breaks the model. The message names
            file, line and column of every mistake.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} is larger than {MAX_BYTES} bytes.", "Split the file.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"Cannot read the data file {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from error
    return parse_data(text, str(path), model, context=context)


def parse_data(text: str, source: str, model: type[ModelT], *, context: object = None) -> ModelT:
    """Read YAML text into a model; as :func:`read_data`, without the file.

    Args:
        text: A single YAML document without aliases.
        source: Its name in error messages.
        model: What it must be.
        context: Handed to the model's validators.

    Raises:
        DataError: The text is not YAML, or breaks the model.
    """
    root, data = _load(text, source)
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        raise DataError(_explain(error, root, source)) from error


def _load(text: str, source: str) -> tuple[yaml.Node, Any]:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            raise DataError(f"{source} is empty.")
        _refuse_ambiguity(root, source)
        return root, loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        where = _place(source, error.problem_mark or error.context_mark)
        raise DataError(f"{where}: not valid YAML: {error.problem}.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise DataError(f"{source}: not valid YAML: {error}.") from error
    except RecursionError as error:
        raise DataError(f"{source}: nested too deeply.") from error
    finally:
        loader.dispose()


def _refuse_ambiguity(root: yaml.Node, source: str) -> None:
    """Refuse repeated keys, of which YAML readers keep one silently, and aliases.

    An alias can make a small file expand without bound.
    """
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            continue
        if id(node) in seen:
            raise DataError(f"{_place(source, node.start_mark)}: aliases are not supported.")
        seen.add(id(node))
        waiting.extend(_children(node, source))


def _children(node: yaml.Node, source: str) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    keys: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise DataError(f"{_place(source, key.start_mark)}: a key must be a plain word.")
        if key.value in keys:
            raise DataError(f"{_place(source, key.start_mark)}: {key.value!r} stands here twice.")
        keys.add(key.value)
    return [value for _, value in node.value]


def _explain(error: ValidationError, root: yaml.Node, source: str) -> str:
    details = error.errors(include_url=False)
    lines = [_line(item, root, source) for item in details[:MAX_ERRORS]]
    if len(details) > MAX_ERRORS:
        lines.append(f"... and {len(details) - MAX_ERRORS} more")
    return "\n".join(lines)


def _line(item: ErrorDetails, root: yaml.Node, source: str) -> str:
    at_key = item["type"] == "extra_forbidden" or item["loc"][-1:] == ("[key]",)
    mark = _locate(root, item["loc"], at_key=at_key)
    field = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    return f"{_place(source, mark)}: {field + ': ' if field else ''}{message}"


def _locate(root: yaml.Node, location: tuple[int | str, ...], *, at_key: bool) -> yaml.Mark:
    """Mark of the deepest node that ``location`` names.

    Parts that name no node (the tag of a union, a field that is missing) are passed over, so
    that the error points at the mapping that should have held it.
    """
    node, mark = root, root.start_mark
    for part in location:
        step = _step(node, part)
        if step is None:
            continue
        key, node = step
        mark = (key if at_key else node).start_mark
    return mark


def _step(node: yaml.Node, part: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == str(part)), None)
    return None


def _place(source: str, mark: yaml.Mark | None) -> str:
    return source if mark is None else f"{source}:{mark.line + 1}:{mark.column + 1}"
