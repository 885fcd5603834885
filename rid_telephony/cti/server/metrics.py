"""Operating figures in the format of Prometheus, with few and bounded labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Info
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rid_telephony import __version__

PREFIX = "rid_telephony_"
TOTAL = "_total"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Figures = Callable[[], Mapping[str, float]]


class ServerMetrics:
    """The registry of one server; nothing global, so that two can run in one process.

    Args:
        sources: Give figures when they are asked; a name that ends in ``_total`` is a counter,
            any other a gauge. Of the same name the last source's counts.
    """

    def __init__(self, sources: tuple[Figures, ...]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_SourceCollector(sources))
        self._requests = Counter(
            f"{PREFIX}http_requests",
            "Requests answered, by route and class of status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        Info(f"{PREFIX}build", "This program.", registry=self._registry).info(
            {"version": __version__}
        )

    def count(self, method: str, route: str, status: int) -> None:
        """Count an answer."""
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, f"{status // 100}xx").inc()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All figures, and the content type, for an ``Accept`` header."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type


class _SourceCollector(Collector):
    def __init__(self, sources: tuple[Figures, ...]) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        figures: dict[str, float] = {}
        for source in self._sources:
            figures |= source()
        for name, value in sorted(figures.items()):
            words = name.removesuffix(TOTAL).replace("_", " ").capitalize() + "."
            kind = CounterMetricFamily if name.endswith(TOTAL) else GaugeMetricFamily
            yield kind(PREFIX + name, words, value=value)

    def describe(self) -> Iterator[Metric]:
        # Without this the registry would ask the sources before the parts have begun.
        return iter(())


class Counted:
    """Counts the answers of an application (ASGI middleware)."""

    def __init__(self, app: ASGIApp, metrics: ServerMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.count(scope["method"], _route(scope), message["status"])
            await send(message)

        await self._app(scope, receive, counting)


def _route(scope: Scope) -> str:
    """The route's pattern, never the path: ids in labels would make series without end."""
    return getattr(scope.get("route"), "path", "") or "none"
