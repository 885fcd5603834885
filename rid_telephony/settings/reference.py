"""The settings explained: a commented TOML file with every key, its default and its range."""

from __future__ import annotations

import inspect
import json

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rid_telephony.settings.root import Settings


def reference() -> str:
    """All settings as commented TOML, defaults commented out: a file to start from."""
    lines = [
        "# Settings of rid-telephony. Every key is optional; the values shown are the defaults.",
        "# Name the file by --config or RID_TELEPHONY_CONFIG. A variable such as",
        "# RID_TELEPHONY_SPEECH__RECOGNITION__MODEL=small overrides the file.",
    ]
    for name, field in Settings.model_fields.items():
        lines += _section(name, field.default)
    return "\n".join(lines) + "\n"


def _section(name: str, value: BaseModel) -> list[str]:
    doc = (inspect.getdoc(type(value)) or "").splitlines()[0]
    lines = ["", f"[{name}]", f"# {doc}"]
    nested: list[str] = []
    for key, field in type(value).model_fields.items():
        default = getattr(value, key)
        if isinstance(default, BaseModel):
            nested += _section(f"{name}.{key}", default)
            continue
        lines += _entry(key, field, default)
    return lines + nested


def _entry(key: str, field: FieldInfo, default: object) -> list[str]:
    words = " ".join((field.description or "").replace("``", "").split())
    bounds = _bounds(field)
    note = f"{words} {bounds}".strip()
    lines = [f"# {note}"] if note else []
    shown = "" if default is None else f" {_toml(default)}"
    return [*lines, f"#{key} ={shown}"]


def _bounds(field: FieldInfo) -> str:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [
        f"{sign} {getattr(part, name):g}"
        for part in field.metadata
        for name, sign in signs.items()
        if getattr(part, name, None) is not None
    ]
    return f"({', '.join(found)})" if found else ""


def _toml(value: object) -> str:
    if isinstance(value, str) and "\\" in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False, default=str)
