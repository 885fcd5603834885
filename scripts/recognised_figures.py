"""Print how well the corpus was recognised, as the Markdown tables of its README.

usage: recognised_figures.py RECOGNISED.jsonl CORPUS_DIRECTORY
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from rid_telephony.evaluation.text_error import character_errors, pooled
from rid_telephony.speech.text import letters_of

Record = dict[str, Any]
"""A recognised record with its corpus record under ``source``."""

SNR_ENDS_DB = (16, 22, 28)
LENGTHS = (4, 8, 16, 24)
"""Letters at which the groups of the table by length end."""


def read_records(recognised: Path, corpus: Path) -> list[Record]:
    """Join the recognised records to the corpus by their id."""
    sources = {source["id"]: source for path in corpus.glob("*.jsonl") for source in _read(path)}
    return [record | {"source": sources[record["id"]]} for record in _read(recognised)]


def _read(path: Path) -> list[Record]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def table(title: str, records: Iterable[Record], key: Callable[[Record], str]) -> str:
    """Return a table with a line for each group of records."""
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    head = f"| {title} | number | CER | median | exact | empty |\n|---|---|---|---|---|---|\n"
    return head + "".join(f"| {name} | {_figures(groups[name])} |\n" for name in sorted(groups))


def _figures(records: list[Record]) -> str:
    rate = pooled(
        character_errors(record["source"]["text"], record["text"]) for record in records
    ).rate
    rates = sorted(record["cer"] for record in records)
    exact = sum(not rate for rate in rates) / len(rates)
    empty = sum(not record["text"] for record in records) / len(rates)
    return f"{len(rates)} | {rate:.3f} | {rates[len(rates) // 2]:.3f} | {exact:.0%} | {empty:.1%}"


def _snr_band(record: Record) -> str:
    return f"to {next(end for end in SNR_ENDS_DB if record['snr_db'] <= end)} dB"


def _voice(record: Record) -> str:
    return "two mixed" if "+" in record["voice"] else str(record["voice"])


def _length(record: Record) -> str:
    letters = len(letters_of(record["source"]["text"]))
    end = next((end for end in LENGTHS if letters <= end), None)
    return f"to {end:02d} letters" if end else "to any length"


def _labels(record: Record) -> str:
    source = record["source"]
    return source.get("objection") or "+".join(source["compliance"]) or "clean"


def main() -> None:
    """Print all tables of one file."""
    records = read_records(Path(sys.argv[1]), Path(sys.argv[2]))
    tables = [
        table("all", records, lambda _: "all"),
        table("voice", records, _voice),
        table("SNR", records, _snr_band),
        table("noise", records, lambda record: str(record["noise"])),
        table("law", records, lambda record: str(record["law"])),
        table("length", records, _length),
        table("label", records, _labels),
    ]
    reasons = Counter(record["rejected"] for record in records if record.get("rejected"))
    sys.stdout.write("\n".join([*tables, f"rejected: {dict(reasons)}\n"]))


if __name__ == "__main__":
    main()
