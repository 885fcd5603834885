"""More agents than the kit's own, each at a fixed address."""

from __future__ import annotations

from collections.abc import Mapping

from live_kit.asterisk import RealAsterisk
from live_kit.config import ENDPOINT
from live_kit.ports import HOST


def add_agents(pbx: RealAsterisk, ports: Mapping[int, int]) -> None:
    """Let an Asterisk that is not started yet know more agents.

    Args:
        pbx: The PBX.
        ports: Their numbers (1004 to 1009, 2003 to 2009) and the SIP ports of their phones.
    """
    with (pbx.folder / "etc/pjsip.conf").open("a", encoding="utf-8") as file:
        for agent, port in ports.items():
            contact = f"contact=sip:{agent}@{HOST}:{port}"
            text = ENDPOINT.format(
                user=agent, context="from-agents", name=agent, number=agent, codecs="ulaw",
                host=HOST, more="", contact=contact,
            )  # fmt: skip
            file.write(text)
