"""The steps that check a live FreeSWITCH, in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from rid_telephony.pbx.check import Finding, Level, Step, in_thread
from rid_telephony.pbx.check_ports import (
    Holder,
    Place,
    find_holder,
    judge_place,
    judge_told,
    try_bind,
)
from rid_telephony.pbx.freeswitch.check_agents import (
    AGENTS,
    judge_agent,
    judge_agents,
    read_registrations,
)
from rid_telephony.pbx.freeswitch.check_flow import (
    EVENTS,
    MESSAGE,
    WATCH_SECONDS,
    send_message,
    watch_events,
)
from rid_telephony.pbx.freeswitch.check_link import LOGIN, LinkReport, judge_link, try_link
from rid_telephony.pbx.freeswitch.check_media import (
    FORK,
    PROOF_MODULES,
    MakeDriver,
    MakeListener,
    by_another_port,
    prove_media,
)
from rid_telephony.pbx.freeswitch.check_parts import (
    CODECS,
    MEANS,
    MODULES,
    PREFERENCES,
    PROFILE,
    all_modules,
    ask_modules,
    judge_codecs,
    judge_means,
    judge_modules,
    judge_profile,
)
from rid_telephony.pbx.freeswitch.check_rights import RIGHTS, VERSION, judge_rights, judge_version
from rid_telephony.pbx.freeswitch.check_session import CheckSession
from rid_telephony.pbx.freeswitch.esl_login import Login, read_login
from rid_telephony.pbx.freeswitch.rights import PROOF_COMMANDS
from rid_telephony.pbx.freeswitch.writer import FreeSwitchWriter, ask
from rid_telephony.pbx.messages import PbxRefusedError
from rid_telephony.settings.freeswitch import FreeSwitchSettings

SETTINGS = "freeswitch.settings"
LISTEN = "freeswitch.listen"
ADVERTISE = "freeswitch.advertise"
SESSION = "freeswitch.session"
DOMAIN = "freeswitch.domain"
COMMANDS = 30.0
"""Seconds for a step of several commands."""


class FreeSwitchCheck:
    """Checks one FreeSWITCH; :meth:`close` it when the steps have run.

    Args:
        settings: ``[freeswitch]``.
        make_listener: Makes the media listener for the means that the settings name.
        make_driver: Makes what asks for forks.
        agent: User to check; all who are registered and match ``agent_pattern`` when empty.
        message: User who gets a test message; none when empty.
    """

    def __init__(
        self,
        settings: FreeSwitchSettings,
        make_listener: MakeListener,
        make_driver: MakeDriver,
        agent: str = "",
        message: str = "",
    ) -> None:
        self._settings = settings
        self._make_listener = make_listener
        self._make_driver = make_driver
        self._agent = agent
        self._message = message
        self._login = Login("")
        self._link = LinkReport()
        self._opened: CheckSession | None = None
        self._fork = settings.fork
        self._profiles: list[str] = []
        self._domain = ""

    def steps(self) -> list[Step]:
        """What to run, with :func:`rid_telephony.pbx.check.run_steps`."""
        link = 3 * self._settings.connect_timeout + 1
        live = (SESSION,)
        fork_limit = 5 * self._settings.fork.open_timeout + COMMANDS
        steps = [
            Step(LISTEN, "Listening for forks", self._listen, 10.0),
            Step(ADVERTISE, "Looking at addresses", self._advertise, 20.0),
            Step(SETTINGS, "Reading [freeswitch]", self._read_settings, 5.0),
            Step(LOGIN, "Logging in to FreeSWITCH", self._log_in, link, (SETTINGS,)),
            Step(RIGHTS, "Looking at rights", self._rights, 5.0, (LOGIN,)),
            Step(SESSION, "Opening the event socket", self._open, link, (LOGIN,)),
            self._looking(VERSION, "Asking for the version", self._version),
            self._looking(MODULES, "Looking for modules", self._modules),
            self._looking(CODECS, "Looking for codecs", self._codecs),
            Step(DOMAIN, "Asking for the SIP domain", self._ask_domain, COMMANDS, live),
            self._looking(AGENTS, "Looking for agents", self._agents),
        ]
        if self._settings.fork.means == "eavesdrop":
            steps.append(self._looking(PROFILE, "Looking for the SIP profile", self._profile))
        fork_needs = (*live, LISTEN, ADVERTISE, MEANS)
        steps.append(Step(FORK, "Forking a test tone", self._prove, fork_limit, fork_needs))
        if self._message:
            to_send = (*live, DOMAIN)
            steps.append(Step(MESSAGE, "Sending a message", self._send, COMMANDS, to_send))
        limit = WATCH_SECONDS + COMMANDS
        return [*steps, Step(EVENTS, "Watching events", self._events, limit, live)]

    async def close(self) -> None:
        """End the connection."""
        if self._opened:
            await self._opened.close()

    @property
    def _session(self) -> CheckSession:
        if self._opened is None:
            raise RuntimeError("the step that opens the connection has not run")
        return self._opened

    def _looking(
        self, name: str, title: str, run: Callable[[], Awaitable[Sequence[Finding]]]
    ) -> Step:
        """A step that only looks: that it may not look is no error in itself."""

        async def guarded() -> Sequence[Finding]:
            try:
                return await run()
            except PbxRefusedError as error:
                detail = f"Cannot be seen with these rights: {error.message}."
                return [Finding(Level.SKIPPED, name, detail, error.advice)]

        return Step(name, title, guarded, COMMANDS, (SESSION,))

    async def _listen(self) -> list[Finding]:
        fork, place = self._settings.fork, self._place()
        if fork.means == "fifo":
            return [await in_thread(partial(_judge_directory, self._settings))]
        error = await in_thread(partial(try_bind, place))
        holder = Holder() if place.udp else await in_thread(partial(find_holder, fork.port))
        if error:
            # The proof can go by another port; a firewall is then not put to the test.
            self._fork = fork.model_copy(update={"port": 0})
        return [judge_place(place, error, holder)]

    async def _advertise(self) -> list[Finding]:
        fork = self._settings.fork
        if fork.means == "fifo":
            return [Finding(Level.OK, ADVERTISE, "Pipes need no address.")]
        told = fork.advertise or fork.listen
        judge = partial(judge_told, ADVERTISE, self._place(), told, self._settings.host)
        return [await in_thread(judge)]

    def _place(self) -> Place:
        fork = self._settings.fork
        names = (LISTEN, "[freeswitch.fork]", "FreeSWITCH")
        return Place(*names, fork.listen, fork.port, udp=fork.means == "eavesdrop")

    async def _read_settings(self) -> list[Finding]:
        settings = self._settings
        self._login = await in_thread(partial(read_login, settings))
        who = settings.user or "The socket's own password"
        return [Finding(Level.OK, SETTINGS, f"{who}, at {settings.host}:{settings.port}.")]

    async def _log_in(self) -> list[Finding]:
        self._link = await try_link(self._settings, self._login)
        return judge_link(self._settings, self._link)

    async def _rights(self) -> list[Finding]:
        link = self._link
        return judge_rights(self._settings, link.allowed_commands, link.allowed_events)

    async def _open(self) -> list[Finding]:
        session = self._opened = CheckSession(self._settings)
        await session.open()
        return [Finding(Level.OK, SESSION, "FreeSWITCH sends us its events.")]

    async def _version(self) -> list[Finding]:
        return [judge_version(await self._session.api("version"))]

    async def _modules(self) -> list[Finding]:
        loaded = await ask_modules(self._session, all_modules())
        return [*judge_modules(loaded), judge_means(self._settings, loaded)]

    async def _codecs(self) -> list[Finding]:
        return [judge_codecs(await ask(self._session, "global_getvar", PREFERENCES))]

    async def _ask_domain(self) -> list[Finding]:
        self._domain = await FreeSwitchWriter(self._session, self._settings).domain()
        return [Finding(Level.OK, DOMAIN, f"Messages go to users of {self._domain}.")]

    async def _agents(self) -> list[Finding]:
        if self._agent:
            writer = FreeSwitchWriter(self._session, self._settings)
            user, domain = await writer.address(self._agent)
            contacts = await self._session.api("sofia_contact", f"*/{user}@{domain}")
            return [judge_agent(user, domain, contacts)]
        registrations = read_registrations(
            await self._session.api("show", "registrations", "as", "json")
        )
        self._profiles = [name for each in registrations for name in each.profiles]
        return judge_agents(registrations, self._settings.agent_pattern, self._domain)

    async def _profile(self) -> list[Finding]:
        return [judge_profile(self._settings, self._profiles)]

    async def _prove(self) -> list[Finding]:
        allowed = self._link.allowed_commands
        lacking = [name for name in PROOF_COMMANDS if allowed is not None and name not in allowed]
        if lacking:
            detail = f"No test fork: {self._settings.user} may not {' or '.join(lacking)}."
            advice = (
                "That is as it should be while calls are served. To have audio tested without a"
                f" call, add {' '.join(lacking)} to esl-allowed-api, `reloadxml`, check again, and"
                " take it out."
            )
            return [Finding(Level.SKIPPED, FORK, detail, advice)]
        loaded = await ask_modules(self._session, PROOF_MODULES)
        absent = [name for name, there in loaded.items() if not there]
        if absent:
            detail = f"No test fork: {' and '.join(absent)}, for its tone, is not loaded."
            advice = f'`fs_cli -x "load {absent[0]}"`, then check again.'
            return [Finding(Level.SKIPPED, FORK, detail, advice)]
        found = await prove_media(self._session, self._fork, self._make_listener, self._make_driver)
        if self._fork is self._settings.fork:
            return found
        return [by_another_port(finding) for finding in found]

    async def _send(self) -> list[Finding]:
        writer = FreeSwitchWriter(self._session, self._settings)
        return await send_message(writer, self._message)

    async def _events(self) -> list[Finding]:
        return await watch_events(self._session)


def _judge_directory(settings: FreeSwitchSettings) -> Finding:
    directory = settings.fork.fifo_directory
    if directory.is_dir():
        return Finding(Level.OK, LISTEN, f"Pipes are made in {directory}.")
    return Finding(
        Level.ERROR,
        LISTEN,
        f"{directory}, where the pipes of forks are to be, is no directory.",
        "Make it, so that both programs can write to it, or set fifo_directory in"
        " [freeswitch.fork].",
    )
