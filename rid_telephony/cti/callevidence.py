"""Every move of every figure of a call, gathered from the events that told them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rid_telephony.cti.callview import EvidencePiece
from rid_telephony.explain.reasons import source_of

MAX_PIECES = 1000
"""Pieces of one figure that are kept, the first."""
RISKS = ("complaint_risk", "churn_risk")
INDICES = ("satisfaction", "trust", "purchase_intent")

Pieces = Sequence[Mapping[str, Any]]


class EvidenceBook:
    """Gathers evidence.

    An update lists the strongest moves of a gauge and all of the latest utterance, and a move
    never changes once it was made: all updates together tell more than the last. Evidence of a
    label (style, stratum, age stage, a need, the state) is replaced by the latest.
    """

    def __init__(self) -> None:
        self._moves: dict[str, dict[tuple[str, str, str], float]] = {}
        self._labels: dict[str, Pieces] = {}
        self._parts: dict[str, str] = {}

    def hear(self, event_type: str, data: Mapping[str, Any]) -> None:
        """Take in an update of the profile."""
        match event_type:
            case "rid.relationship.updated":
                self._gather(event_type, "relationship", data["score"]["evidence"])
            case "rid.influence.updated":
                self._influence(event_type, data)
            case "rid.demand.updated":
                self._demand(event_type, data)
            case "customer.state.changed":
                self._state(event_type, data)

    def pieces(self, seen: frozenset[str]) -> dict[str, list[EvidencePiece]]:
        """Figure to its evidence, of the figures that events of these types told."""
        told = {
            figure: list(self._told(figure))
            for figure, event_type in self._parts.items()
            if event_type in seen
        }
        return {figure: pieces for figure, pieces in told.items() if pieces}

    def _told(self, figure: str) -> Iterator[EvidencePiece]:
        listed = self._labels.get(figure)
        if listed is None:
            moves = self._moves.get(figure, {})
            listed = [
                {"utterance_id": name, "quote": quote, "signal": signal, "delta": delta}
                for (name, quote, signal), delta in moves.items()
            ]
        for piece in listed:
            yield EvidencePiece(**piece, source=source_of(piece))

    def _influence(self, event_type: str, data: Mapping[str, Any]) -> None:
        self._replace(event_type, "style", data["style"]["evidence"])
        self._gather(event_type, "mood", data["mood"].get("evidence", ()))
        for name in INDICES:
            self._gather(event_type, name, data[name]["evidence"])
        for name, gauge in data["factors"].items():
            self._gather(event_type, name, gauge["evidence"])

    def _demand(self, event_type: str, data: Mapping[str, Any]) -> None:
        for figure in [name for name in self._labels if name.startswith("need.")]:
            self._labels[figure] = ()
        self._replace(event_type, "stratum", data["stratum_evidence"])
        self._replace(event_type, "age_stage", data.get("age_stage_evidence", ()))
        for need in data["needs"]:
            self._replace(event_type, f"need.{need['label']}", need["evidence"])

    def _state(self, event_type: str, data: Mapping[str, Any]) -> None:
        own = [piece for piece in data["evidence"] if "/" not in piece["signal"]]
        self._replace(event_type, "state", own)
        for risk in RISKS:
            prefix = f"{risk}/"
            moves = [
                {**piece, "signal": piece["signal"].removeprefix(prefix)}
                for piece in data["evidence"]
                if piece["signal"].startswith(prefix)
            ]
            self._gather(event_type, risk, moves)

    def _replace(self, event_type: str, figure: str, pieces: Pieces) -> None:
        self._parts[figure] = event_type
        self._labels[figure] = pieces

    def _gather(self, event_type: str, figure: str, pieces: Pieces) -> None:
        self._parts[figure] = event_type
        listed: dict[tuple[str, str, str], float] = {}
        for piece in pieces:
            key = (piece["utterance_id"], piece["quote"], piece["signal"])
            listed[key] = listed.get(key, 0.0) + piece["delta"]
        known = self._moves.setdefault(figure, {})
        for key, delta in listed.items():
            if len(known) < MAX_PIECES:
                known.setdefault(key, delta)
