"""Run ``rid-telephony bench live`` against an Asterisk made for it.

usage: scripts/bench_live.py [any option of `rid-telephony bench live`]

Starts a real Asterisk (scripts/live-tools.sh must have run) with 40 agents, and measures; the
dialogue is fixtures/audio/dd01.flac unless --audio names another.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from live_kit import RealAsterisk  # noqa: E402 - the path has to be set first
from live_kit.ports import HOST  # noqa: E402

AGENTS, CUSTOMER, PASSWORD = range(3001, 3041), "4001", "bench"

ENDPOINT = """
[{user}]
type=endpoint
context={context}
aors={user}
auth={user}
callerid="{user}" <{user}>
disallow=all
allow=ulaw,alaw
direct_media=no
media_address={host}
bind_rtp_to_media_address=yes
[{user}]
type=aor
max_contacts=1
remove_existing=yes
[{user}]
type=auth
auth_type=userpass
username={user}
password={password}
"""
DIALPLAN = """
[bench-customers]
exten => _30XX,1,Set(RID_AGENT=${EXTEN})
 same => n,Gosub(rid-assist,s,1(customer))
 same => n,Dial(PJSIP/${EXTEN},30)
"""


def main() -> int:
    """Start Asterisk, measure, stop it."""
    # The place of pjsip.conf has to name a port that is known only when the kit has chosen it.
    pbx = RealAsterisk(dialplan=DIALPLAN)
    phones = f"[udp]\ntype=transport\nprotocol=udp\nbind={HOST}:{pbx.ports.sip}\n"
    users = [(str(agent), "from-agents") for agent in AGENTS] + [(CUSTOMER, "bench-customers")]
    for user, context in users:
        phones += ENDPOINT.format(user=user, context=context, host=HOST, password=PASSWORD)
    (pbx.folder / "etc/pjsip.conf").write_text(phones, encoding="utf-8")
    with pbx, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "rid-telephony.toml"
        settings = pbx.settings
        config.write_text(
            f'[asterisk]\nhost = "{settings.host}"\nport = {settings.port}\n'
            f'username = "{settings.username}"\n[asterisk.fork]\nport = {settings.fork.port}\n',
            encoding="utf-8",
        )
        options = {
            "--config": str(config),
            "--audio": str(ROOT / "fixtures/audio/dd01.flac"),
            "--agent-users": f"{AGENTS[0]}-{AGENTS[-1]}",
            "--customer-user": CUSTOMER,
            "--sip": f"{HOST}:{pbx.ports.sip}",
        }
        given = sys.argv[1:]
        command = [sys.executable, "-m", "rid_telephony", "bench", "live"]
        for name, value in options.items():
            command += [] if name in given else [name, value]
        environment = os.environ | {
            "RID_BENCH_SIP": PASSWORD,
            "RID_TELEPHONY_ASTERISK__SECRET": settings.secret.get_secret_value(),
        }
        done = subprocess.run([*command, *given], env=environment, check=False)  # noqa: S603
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
