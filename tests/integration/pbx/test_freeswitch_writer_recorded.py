"""The writer over the real client, against the recorded event socket."""

from __future__ import annotations

import pytest
from esl_kit import running, scenario, until
from esl_server import EslServer, RecordedServer

from rid_telephony.pbx.freeswitch.writer import FreeSwitchWriter
from rid_telephony.pbx.messages import PbxRefusedError

pytestmark = pytest.mark.integration
UUID = "3a8822fa-7be3-4d11-ab4d-8e12b4c7c6fe"
GONE = "00000000-0000-0000-0000-000000000000"


def test_write_backs_fare_with_the_recorded_answers_as_they_did() -> None:
    """A write that FreeSWITCH refused must not count as delivered, nor the other way round."""
    server = RecordedServer("esl_writeback_commands")
    refused: list[str] = []

    async def act(given: EslServer) -> None:
        async with running(given) as (client, diary):
            await until(lambda: "up" in diary.entries)
            writer = FreeSwitchWriter(client, given.settings())
            for request in server.requests():
                try:
                    await play(writer, request)
                except PbxRefusedError as error:
                    refused.append(error.message)

        told = "\n".join(given.commands)
        assert f"api uuid_setvar {UUID} rid_hint 客户要退款 100% sure" in told
        assert f"RID-UUID: {UUID}" in told

    async def play(writer: FreeSwitchWriter, request: str) -> None:
        command, *words = request.split()
        if command == "api" and words[0] == "uuid_setvar":
            name = words[2].removeprefix("rid_")
            await writer.set_variables(words[1], {name: " ".join(words[3:])})
        elif command == "sendevent" and words[0] == "CUSTOM":
            await writer.emit("RidHint", {"text": "客户要退款", "channel": UUID})
        elif command == "api":
            await writer._client.api(words[0], *words[1:])
        elif command == "sendevent":
            await writer._client.send_event(words[0], {}, "退款")

    scenario(act, server)
    assert refused == ["No such channel!", "no_such_command Command not found!"]
