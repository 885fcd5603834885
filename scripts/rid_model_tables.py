"""Writes the tables of docs/rid-model.md from the data files, so that page and model agree.

Run it after a change of rid_telephony/data/profile; a test fails where it was forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from rid_telephony.rid.messages import NEEDS, STRATA, STYLES
from rid_telephony.rid.profile.gauges import GaugeRules
from rid_telephony.rid.profile.loading import load_profile_model
from rid_telephony.rid.profile.model import ProfileData
from rid_telephony.settings.rid import RidSettings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "rid-model.md"
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rendered(page: str, data: ProfileData) -> str:
    """The page with every table made anew.

    Raises:
        KeyError: The page asks for a table that does not exist.
    """
    return _BLOCK.sub(lambda match: match[1] + TABLES[match[2]](data) + match[3], page)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:+g}"


def _steps(data: ProfileData) -> str:
    rules = data.relationship
    rows = [("stage", name, f"{bound:g}") for name, bound in rules.stages.items()]
    rows += [("gate", name, f"{bound:g}") for name, bound in rules.gates.items()]
    return _table(("", "name", "from score"), rows)


def _relationship(data: ProfileData) -> str:
    weights = data.relationship.score.weights
    return _table(
        ("signal", "points"), ((f"`{signal}`", _number(p)) for signal, p in weights.items())
    )


def _gauges(gauges: Mapping[str, GaugeRules]) -> str:
    signals = list(dict.fromkeys(name for gauge in gauges.values() for name in gauge.weights))
    rows: list[Sequence[object]] = [("start", *(f"{one.start:g}" for one in gauges.values()))]
    rows += [
        (f"`{signal}`", *(_number(gauge.weights.get(signal)) for gauge in gauges.values()))
        for signal in signals
    ]
    return _table(("signal", *gauges), rows)


def _style(data: ProfileData) -> str:
    return _table(
        ("indicator", "group", "seen as", *STYLES),
        (
            (
                name,
                one.group,
                _seen_as(one.signals, one.clause_to, one.turn_from),
                *(f"{one.rates.of(style):g}" for style in STYLES),
            )
            for name, one in data.style.indicators.items()
        ),
    )


def _seen_as(signals: Sequence[str], clause_to: int, turn_from: int) -> str:
    if clause_to:
        return f"clauses of at most {clause_to} characters"
    if turn_from:
        return f"turns of at least {turn_from} characters"
    return ", ".join(f"`{signal}`" for signal in signals)


def _states(data: ProfileData) -> str:
    weights = data.state.weights
    signals = list(dict.fromkeys(name for table in weights.values() for name in table))
    return _table(
        ("signal", *weights),
        (
            (f"`{signal}`", *(_number(table.get(signal)) for table in weights.values()))
            for signal in signals
        ),
    )


def _strata(data: ProfileData) -> str:
    rules = data.stratum
    rows = [
        (line.name, *(f"{line.tiers.of(tier):g}" for tier in STRATA))
        for line in rules.strata.values()
    ]
    return _table(("stratum of the study", *STRATA), rows)


def _strata_clues(data: ProfileData) -> str:
    rules = data.stratum
    named = [("rank", "、".join(clue.words), clue.tiers) for clue in rules.ranks]
    named += [("education", "、".join(clue.words), clue.tiers) for clue in rules.education]
    named += [
        ("income", f"{one.at_least:g} yuan a month and more", one.tiers) for one in rules.income
    ]
    named += [("holding", f"`{name}`", tiers) for name, tiers in rules.holdings.items()]
    return _table(
        ("clue", "", *STRATA),
        (
            (kind, words.replace("|", "\\|"), *(f"{tiers.of(tier):g}" for tier in STRATA))
            for kind, words, tiers in named
        ),
    )


def _needs(data: ProfileData) -> str:
    rules = data.needs
    sources: dict[str, Mapping[str, float]] = {"everybody": rules.base}
    sources |= {f"stratum {name}": table for name, table in rules.strata.items()}
    sources |= {f"age stage {name}": table for name, table in rules.stages.items()}
    for signal, one in rules.signals.items():
        ages = f" ({', '.join(one.ages)} only)" if one.ages else ""
        sources[f"`{signal}`{ages}"] = one.needs
    return _table(
        ("source", *NEEDS),
        ((name, *(_number(table.get(need)) for need in NEEDS)) for name, table in sources.items()),
    )


TABLES: Mapping[str, Callable[[ProfileData], str]] = {
    "steps": _steps,
    "relationship": _relationship,
    "style": _style,
    "factors": lambda data: _gauges(data.influence.factors),
    "indices": lambda data: _gauges(data.influence.indices),
    "states": _states,
    "risks": lambda data: _gauges(data.state.risks),
    "strata": _strata,
    "strata_clues": _strata_clues,
    "needs": _needs,
}


if __name__ == "__main__":
    model = load_profile_model(RidSettings())
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8"), model.data), encoding="utf-8")
