"""Asterisk's configuration for live tests: the product's files, and phones to try them with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from live_kit.ports import HOST, PortBlock
from live_kit.tools import ROOT
from rid_telephony.pbx.asterisk.snippets import PARTS, render
from rid_telephony.settings.asterisk import AsteriskSettings

DATA = ROOT / "rid_telephony/data/dialplan/asterisk"

# user: (slot of its ports, number, name, codecs, context, registers)
PHONES = {
    "customer": (0, "13900000001", "陈总", "ulaw,alaw", "from-customers", False),
    "custalaw": (1, "13900000002", "何先生", "alaw,ulaw", "from-customers", False),
    "1001": (2, "1001", "客户经理周敏", "ulaw,alaw", "from-agents", False),
    "1002": (3, "1002", "客户经理小吴", "ulaw,alaw", "from-agents", False),
    "1003": (4, "1003", "客户经理小秦", "alaw,ulaw", "from-agents", False),
    "2001": (5, "2001", "客户经理小温", "ulaw,alaw", "from-agents", True),
    "2002": (6, "2002", "客户经理小何", "alaw,ulaw", "from-agents", True),
}
PASSWORD = "phone"  # noqa: S105 - of phones on loopback

DIALPLAN = """
[from-customers]
; Calls to a number are marked, by the shipped examples.
include => rid-example-dial
include => rid-example-queue
; p1001: the same without the mark.
exten => _p[12]00X,1,Dial(PJSIP/${EXTEN:1},30)
; 700: an IVR first, then the agent 1001.
exten => 700,1,Answer()
 same => n,Playback(vm-goodbye)
 same => n,Goto(rid-example-dial,1001,1)
exten => 600,1,Answer()
 same => n,Echo()

[from-agents]
; Between agents nothing is marked; 9 and a number calls a customer.
include => rid-example-outbound-agent
include => rid-example-queue-login
exten => _[12]00X,1,Dial(PJSIP/${EXTEN},30)
exten => 600,1,Answer()
 same => n,Echo()

[transfer]
exten => _[12]00X,1,Dial(PJSIP/${EXTEN},30)
"""

MODULES = """
pbx_config bridge_builtin_features bridge_builtin_interval_features bridge_holding
bridge_native_rtp bridge_simple bridge_softmix
codec_ulaw codec_alaw codec_g722 codec_gsm codec_resample format_wav format_pcm format_sln
format_gsm
res_timing_timerfd res_musiconhold res_rtp_asterisk res_sorcery_config res_sorcery_memory
res_sorcery_astdb res_sorcery_realtime res_pjproject res_pjsip res_pjsip_acl
res_pjsip_authenticator_digest res_pjsip_caller_id res_pjsip_dtmf_info
res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user
res_pjsip_header_funcs res_pjsip_logger res_pjsip_messaging
res_pjsip_nat res_pjsip_path res_pjsip_pubsub res_pjsip_refer res_pjsip_registrar res_pjsip_rfc3326
res_pjsip_sdp_rtp res_pjsip_session res_pjsip_outbound_authenticator_digest chan_pjsip
res_http_websocket res_websocket_client chan_websocket res_audiosocket chan_audiosocket
app_audiosocket res_rtp_multicast chan_rtp res_format_attr_h263 res_format_attr_h264
func_pjsip_aor func_pjsip_endpoint res_manager_devicestate
app_chanspy app_dial app_echo app_exec app_originate app_playback app_queue app_senddtmf
app_sendtext app_stack app_transfer app_userevent app_verbose
func_callerid func_channel func_db func_devstate func_dialplan func_global func_hangupcause
func_logic func_math func_module func_strings func_timeout func_uri
func_presencestate func_rand
"""

# Asterisk complains where these are missing.
EMPTY = [
    f"{name}.conf" for name in ("acl", "ccss", "cdr", "cel", "chan_websocket", "pjproject", "udptl")
]

ENDPOINT = """
[{user}]
type=endpoint
context={context}
aors={user}
callerid="{name}" <{number}>
disallow=all
allow={codecs}
direct_media=no
dtmf_mode=rfc4733
media_address={host}
bind_rtp_to_media_address=yes
send_pai=yes
trust_id_outbound=yes
{more}
[{user}]
type=aor
max_contacts=1
remove_existing=yes
{contact}
"""


def files(
    folder: Path,
    tree: Path,
    ports: PortBlock,
    settings: AsteriskSettings,
    variables: Mapping[str, str],
    dialplan: str,
) -> dict[str, str]:
    """The files of ``etc``, name to text."""
    secret = settings.secret.get_secret_value()
    shipped = {file: render(part, settings) for part, file in PARTS.items()}
    shipped["manager-rid.conf"] = shipped["manager-rid.conf"].replace("CHANGE-ME", secret)
    includes = ("rid-assist", "extensions-dial", "extensions-queue", "extensions-outbound")
    return (
        shipped
        | dict.fromkeys(EMPTY, "")
        | {
            "asterisk.conf": _directories(folder, tree),
            "logger.conf": "[logfiles]\nmessages => notice,warning,error\n",
            "rtp.conf": f"[general]\nrtpstart={ports.rtp[0]}\nrtpend={ports.rtp[1]}\n",
            "musiconhold.conf": f"[default]\nmode=files\ndirectory={folder}/moh\n",
            "features.conf": "[general]\ntransferdigittimeout=2\n"
            "[featuremap]\nblindxfer=#1\natxfer=*2\n",
            # AMI's Atxfer fails without tones.
            "indications.conf": "[general]\ncountry=us\n[us]\ndescription=Tones\n"
            "ringcadence=2000,4000\ndial=350+440\nbusy=480+620/500,0/500\nring=440+480/2000,0/4000\n"
            "congestion=480+620/250,0/250\ncallwaiting=440/300,0/10000\n",
            "websocket_client.conf": '#include "websocket_client-rid.conf"\n',
            "manager.conf": f"[general]\nenabled=yes\nbindaddr={HOST}\nport={ports.ami}\n"
            '#include "manager-rid.conf"\n#tryinclude "manager-more.conf"\n'
            f"[admin]\nsecret={secret}\nread=all\nwrite=all\nwritetimeout=5000\n",
            "pjsip.conf": _phones(ports, variables),
            "extensions.conf": "".join(f'#include "{name}.conf"\n' for name in includes)
            + DIALPLAN
            + dialplan,
        }
    )


def module_list(tree: Path, more: Sequence[str] = (), without: Sequence[str] = ()) -> str:
    """The text of modules.conf: only what is needed, for a quick start."""
    folder = _module_folder(tree)  # an older release lacks some
    wanted = [name for name in (*MODULES.split(), *more) if name not in without]
    there = [name for name in wanted if (folder / f"{name}.so").exists()]
    return "[modules]\nautoload=no\n" + "".join(f"load={name}.so\n" for name in there)


def hold_music(path: Path, seconds: int = 12) -> None:
    """Write a plain generated arpeggio, so that no one holds rights in it."""
    rate = 8000
    t = np.arange(rate // 2) / rate
    notes = [261.63, 329.63, 392.0, 523.25, 392.0, 329.63]
    tones = [0.12 * np.sin(2 * np.pi * note * t) * np.exp(-3 * t) for note in notes]
    music = np.concatenate([tones[i % len(tones)] for i in range(2 * seconds)])
    soundfile.write(path, music, rate, "PCM_16")


def _directories(folder: Path, tree: Path) -> str:
    places = {"etc": "etc", "varlib": "var", "db": "var", "key": "var", "spool": "spool"}
    places |= {"run": "run", "log": "log"}
    lines = [f"ast{key}dir => {folder}/{sub}" for key, sub in places.items()]
    lines += [f"astdatadir => {tree}/usr/share/asterisk", f"astmoddir => {_module_folder(tree)}"]
    return "\n".join(["[directories]", *lines, "[options]", "verbose = 0", ""])


def _module_folder(tree: Path) -> Path:
    patterns = ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules")
    return next(path for pattern in patterns for path in tree.glob(pattern))


def _phones(ports: PortBlock, variables: Mapping[str, str]) -> str:
    text = f"[udp]\ntype=transport\nprotocol=udp\nbind={HOST}:{ports.sip}\n"
    for user, (slot, number, name, codecs, context, registers) in PHONES.items():
        contact, more = f"contact=sip:{user}@{HOST}:{ports.phone(slot).sip}", ""
        if registers:
            contact = ""
            text += f"[{user}]\ntype=auth\nauth_type=userpass\n"
            text += f"username={user}\npassword={PASSWORD}\n"
            more = f"auth={user}\n"
        if context == "from-customers":
            more += "".join(f"set_var={key}={value}\n" for key, value in variables.items())
        text += ENDPOINT.format(
            user=user, context=context, name=name, number=number, codecs=codecs, more=more,
            contact=contact, host=HOST,
        )  # fmt: skip
    # Towards the carrier: whatever number is called, the phone of `customer` rings.
    contact = f"contact=sip:customer@{HOST}:{ports.phone(0).sip}"
    return text + ENDPOINT.format(
        user="trunk", context="from-customers", name="", number="", codecs="ulaw,alaw", more="",
        contact=contact, host=HOST,
    )  # fmt: skip
