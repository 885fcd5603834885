"""Where the server is, and how to get in: address, token, TLS."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from rid_telephony.client.errors import ClientError

TOKEN_VARIABLE = "RID_TELEPHONY_TOKEN"  # noqa: S105 - the name of a variable
DEFAULT_URL = "http://127.0.0.1:8787"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
EVENTS = "/v1/events"


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom to trust, and who we are, where the system's defaults do not do.

    Attributes:
        ca_file: PEM file with the bank's own authority; the system's store where None.
        certificate: PEM file of a client certificate (mutual TLS).
        key: Its PEM key, without a password; in the file of the certificate where None.
    """

    ca_file: Path | str | None = None
    certificate: Path | str | None = None
    key: Path | str | None = None

    def context(self) -> ssl.SSLContext:
        """The context for both HTTP and WebSocket; host names are always checked.

        Raises:
            ClientError: A file cannot be used.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.certificate is not None:
                # An empty password instead of none: OpenSSL would ask on the terminal, and wait.
                context.load_cert_chain(self.certificate, self.key, password="")
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(
                str(file) for file in (self.ca_file, self.certificate, self.key) if file
            )
            raise ClientError(
                f"The TLS files cannot be used ({files}): {error.strerror or error}.",
                "They are PEM files that this user may read; key and certificate belong together.",
            ) from error
        return context


@dataclass(frozen=True, slots=True)
class Site:
    """A server, as its clients need it. Make it with :func:`site_of`.

    Attributes:
        url: Without a slash at its end.
        token: Empty where the server asks for none; never shown.
        tls: None for plain HTTP.
    """

    url: str
    token: str = field(repr=False)
    tls: ssl.SSLContext | None = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What says who we are; the token goes nowhere else."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def socket_url(self, parameters: dict[str, str]) -> str:
        """Address of the WebSocket."""
        return f"ws{self.url.removeprefix('http')}{EVENTS}?{urlencode(parameters)}"


def site_of(
    url: str,
    token: str | None,
    tls: Tls | ssl.SSLContext | None,
    *,
    plain_http: bool = False,
) -> Site:
    """A server by what an integrator says of it.

    Args:
        url: ``https://host:port``, a path before ``/v1`` may follow.
        token: None for that of the variable ``RID_TELEPHONY_TOKEN``; empty for none.
        tls: Files, or a context of your own; None for the system's defaults.
        plain_http: Send the token to another machine without encryption.

    Raises:
        ClientError: The address or the token cannot be used; the token is not repeated.
    """
    address = _address(url)
    secret = _token(token)
    is_plain = address.startswith("http:")
    if is_plain and secret and not plain_http and urlsplit(address).hostname not in LOOPBACK:
        raise ClientError(
            f"{address} would carry the token over the network unencrypted.",
            "Use https, or plain_http=True where the network itself is trusted.",
        )
    if is_plain:
        return Site(address, secret, None)
    return Site(
        address, secret, tls if isinstance(tls, ssl.SSLContext) else (tls or Tls()).context()
    )


def _address(url: str) -> str:
    advice = f"An address such as {DEFAULT_URL} is needed."
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ClientError("The server's address is none.", advice) from error
    if parts.username is not None or parts.password is not None:
        raise ClientError("The server's address holds a user or password.", advice)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isprintable():
        raise ClientError(f"{url!r} is not the address of a server.", advice)
    if parts.query or parts.fragment:
        raise ClientError("The server's address has a query or fragment.", advice)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _token(given: str | None) -> str:
    token = (os.environ.get(TOKEN_VARIABLE, "") if given is None else given).strip()
    if not all("!" <= sign <= "~" for sign in token):
        raise ClientError(
            "The token holds characters that no token has.",
            "It is one line, as `rid-telephony token make` printed it.",
        )
    return token
