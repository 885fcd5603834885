"""Who we are to the event socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rid_telephony.errors import SettingsError
from rid_telephony.pbx.freeswitch.esl_limits import MAX_COMMAND_BYTES, check_password
from rid_telephony.pbx.messages import PbxError
from rid_telephony.settings.freeswitch import FreeSwitchSettings


@dataclass(frozen=True, slots=True)
class Login:
    """The command that logs us in (never shown), and as whom; empty for the socket's password."""

    command: str = field(repr=False)
    user: str = ""


def read_login(settings: FreeSwitchSettings) -> Login:
    """Read what is needed to log in.

    Raises:
        SettingsError: The password is missing or cannot be sent, or its file cannot be read.
    """
    password = _password(settings)
    try:
        check_password(password)
    except PbxError as error:
        raise SettingsError(f"[freeswitch] password: {error.message}") from None
    if settings.user:
        return Login(f"userauth {settings.user}:{password}", settings.user)
    return Login(f"auth {password}")


def _password(settings: FreeSwitchSettings) -> str:
    password = settings.password.get_secret_value()
    if not password and settings.password_file is not None:
        password = _first_line(settings.password_file)
    if password:
        return password
    raise SettingsError(
        "[freeswitch] has no password.",
        "Set RID_TELEPHONY_FREESWITCH__PASSWORD, or password_file to a file whose first line it "
        "is.",
    )


def _first_line(path: Path) -> str:
    advice = "Its first line has to be the password of the event socket, or of the user, in UTF-8."
    try:
        with path.open("rb") as file:
            line = file.readline(2 * MAX_COMMAND_BYTES)
        return line.decode().rstrip("\r\n")
    except OSError as error:
        problem = error.strerror or "cannot be read"
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    raise SettingsError(f"[freeswitch] password_file {path}: {problem}.", advice)
