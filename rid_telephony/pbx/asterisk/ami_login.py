"""Who we are to the manager interface."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

from rid_telephony.errors import SettingsError
from rid_telephony.pbx.asterisk.ami_limits import MAX_LINE_BYTES, check_action
from rid_telephony.pbx.messages import PbxError
from rid_telephony.settings.asterisk import AsteriskSettings


@dataclass(frozen=True, slots=True)
class Login:
    """Manager user, secret (never shown), and how to speak TLS; None for plain TCP."""

    username: str
    secret: str = field(repr=False)
    tls: ssl.SSLContext | None = None


def read_login(settings: AsteriskSettings) -> Login:
    """Read what is needed to log in.

    Raises:
        SettingsError: User or secret are missing, or a file cannot be read.
    """
    if not settings.username:
        raise SettingsError(
            "[asterisk] username is missing.", "Name the user of manager.conf that we log in as."
        )
    login = Login(settings.username, _secret(settings), _tls(settings))
    try:
        check_action("Login", {"Username": login.username, "Secret": login.secret})
    except PbxError as error:
        raise SettingsError(f"[asterisk] username or secret: {error.message}") from None
    return login


def _secret(settings: AsteriskSettings) -> str:
    secret = settings.secret.get_secret_value()
    if not secret and settings.secret_file is not None:
        secret = _first_line(settings.secret_file)
    if secret:
        return secret
    raise SettingsError(
        "[asterisk] has no secret.",
        "Set RID_TELEPHONY_ASTERISK__SECRET, or secret_file to a file whose first line it is.",
    )


def _first_line(path: Path) -> str:
    advice = "Its first line has to be the secret of the manager user, in UTF-8."
    try:
        with path.open("rb") as file:
            line = file.readline(2 * MAX_LINE_BYTES)
        return line.decode().rstrip("\r\n")
    except OSError as error:
        problem = error.strerror or "cannot be read"
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    raise SettingsError(f"[asterisk] secret_file {path}: {problem}.", advice)


def _tls(settings: AsteriskSettings) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.tls_ca)
    except OSError as error:
        raise SettingsError(
            f"[asterisk] tls_ca {settings.tls_ca}: {error.strerror or error}.",
            "It has to be a file of CA certificates in PEM format.",
        ) from None
