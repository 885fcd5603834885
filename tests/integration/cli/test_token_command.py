"""``rid-telephony token`` as an administrator runs it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from rid_telephony.cti.access.tokens import TokenBook
from rid_telephony.store.access import AccessStore

from .test_commands import run

pytestmark = pytest.mark.integration


def test_a_token_is_printed_once_and_is_nowhere_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "t.sqlite"
    store = f"sqlite:///{file}"
    code, out, err = run("token", "make", "crm", "--agent", "10*", "--store", store)
    assert code == 0
    token = out.strip()
    assert token.startswith("ridt_")
    assert token not in err
    assert run("token", "list", "--json", "--store", store)[1].count(token) == 0
    with sqlite3.connect(file) as raw:
        assert token.rpartition("_")[2] not in "\n".join(raw.iterdump())
    table = AccessStore(store)
    grant = TokenBook(table).verify(token, 2_000_000_000.0)
    table.close()
    assert grant
    assert grant.principal.scope.agents == ("10*",)


def test_a_token_is_listed_and_revoked_by_name(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 't.sqlite'}"
    made = json.loads(
        run("token", "make", "x", "--right", "metrics", "--expires-days", "2", "--json",
            "--store", store)[1]
    )  # fmt: skip
    assert made["rights"] == ["metrics"]
    assert made["expires"] > made["created"]
    assert run("token", "revoke", "x", "--store", store)[0] == 0
    listed = json.loads(run("token", "list", "--json", "--store", store)[1])
    assert listed["state"] == "revoked"
    assert listed["id"] == made["id"]
    code, _, err = run("token", "revoke", "x", "--store", store)
    assert code == 4
    assert "no living token" in err


def test_the_help_says_how_a_crm_an_agent_and_prometheus_get_theirs() -> None:
    code, out, _ = run("token", "make", "--help")
    assert code == 0
    for word in ("--tenant", "--agent", "--queue", "--type", "--right", "--expires-days", "crm"):
        assert word in out
