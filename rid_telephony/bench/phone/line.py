"""One telephone's line: its socket, its identity, its credentials, its messages."""

from __future__ import annotations

from collections.abc import Callable

from aiosipua import Dialog, SipDigestAuth, SipRequest, SipResponse
from aiosipua.auth import answer_challenge
from aiosipua.utils import generate_call_id, generate_tag

from rid_telephony.bench.phone.messages import CallFailedError, Peer
from rid_telephony.bench.phone.transport import GIVE_UP, SipSocket
from rid_telephony.media.g711 import G711Law

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, NOTIFY, INFO, UPDATE, REFER"
USER_AGENT = "rid-telephony bench phone"
_CHALLENGES = (401, 407)


class Line:
    """What a telephone and its calls share.

    Args:
        socket: Where SIP goes out and comes in.
        user: Name in the SIP URI, and for authentication.
        password: For authentication; empty if none is wanted.
        server: The PBX.
        laws: Companding laws, best first.
        keep_audio: Calls keep what they hear.
    """

    def __init__(
        self,
        socket: SipSocket,
        user: str,
        password: str,
        server: Peer,
        laws: tuple[G711Law, ...],
        *,
        keep_audio: bool,
    ) -> None:
        self.socket = socket
        self.user = user
        self.server = server
        self.laws = laws
        self.keep_audio = keep_audio
        self._auth = SipDigestAuth(user, password) if password else None

    @property
    def host(self) -> str:
        """Local address."""
        return self.socket.address[0]

    @property
    def contact(self) -> str:
        """The Contact header."""
        return f"<sip:{self.user}@{self.host}:{self.socket.address[1]}>"

    @property
    def address_of_record(self) -> str:
        """Who we are to the PBX, a SIP URI."""
        return f"sip:{self.user}@{self.server[0]}:{self.server[1]}"

    def uri(self, target: str) -> str:
        """A SIP URI for a number or name at the PBX; a URI stays what it is."""
        if target.startswith("sip:"):
            return target
        return f"sip:{target}@{self.server[0]}:{self.server[1]}"

    def new_dialog(self, target: str) -> Dialog:
        """A dialog that is yet to be established."""
        return Dialog(
            call_id=generate_call_id(self.host),
            local_tag=generate_tag(),
            local_uri=self.address_of_record,
            remote_uri=target,
            remote_target=target,
        )

    def request(self, dialog: Dialog, method: str) -> SipRequest:
        """The dialog's next request."""
        host, port = self.socket.address
        request = dialog.create_request(method, via_host=host, via_port=port)
        request.set_header("Contact", self.contact)
        request.set_header("User-Agent", USER_AGENT)
        if method in {"INVITE", "UPDATE", "OPTIONS"}:
            request.set_header("Allow", ALLOW)
            request.set_header("Supported", "replaces")
        return request

    async def ask(
        self,
        make: Callable[[], SipRequest],
        peer: Peer,
        on_provisional: Callable[[SipResponse], None] = lambda _: None,
        within: float = GIVE_UP,
    ) -> tuple[SipRequest, SipResponse]:
        """Send a request, and once more with credentials if they are asked for.

        Args:
            make: Makes the request, each time with its own number and branch.
            peer: Where to.
            on_provisional: Gets what comes before the final response.
            within: Seconds for each try.

        Returns:
            The request that was answered, and the final response.

        Raises:
            PhoneError: No answer in time.
        """
        request = make()
        response = await self.socket.ask(request, peer, on_provisional, within)
        if response.status_code not in _CHALLENGES or self._auth is None:
            return request, response
        header = answer_challenge(
            self._auth, response, response.status_code, request.method, request.uri
        )
        if header is None:
            return request, response
        request = make()
        request.set_header(*header)
        return request, await self.socket.ask(request, peer, on_provisional, within)

    def reply(
        self, request: SipRequest, status: int, reason: str = "", dialog: Dialog | None = None
    ) -> None:
        """Answer a request without a body."""
        owner = dialog or Dialog(call_id=request.call_id or "", local_tag=_tag_for(request))
        response = owner.create_response(request, status, reason, contact=self.contact)
        response.set_header("Allow", ALLOW)
        self.socket.respond(request, response)


def _tag_for(request: SipRequest) -> str:
    """Our tag: the one that the request names, or a new one."""
    to = request.to_addr
    return (to.tag if to else None) or generate_tag()


def check_accepted(response: SipResponse, method: str) -> None:
    """Raise CallFailedError where a request was refused."""
    status = response.status_code
    if status >= 300:
        raise CallFailedError(f"{method} got {status} {response.reason_phrase}.", status)
