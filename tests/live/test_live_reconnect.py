"""Calls that go on while the manager connection, the service or Asterisk itself does not.

What a user loses when one fails: calls that are analysed twice or never again, forks that nobody
ends, and calls that stay "in progress" on the feed for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from live_kit import RealAsterisk
from live_kit.proxy import TcpProxy
from live_kit.service import Event, Service
from live_kit.stage import BOTH, IN, Act, Stage, check_whole, say, until

from rid_telephony.bench.phone import Call, Phone
from rid_telephony.store.events import EventStore
