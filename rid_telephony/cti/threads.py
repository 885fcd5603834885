"""Threads for what the server waits for: its store, and answers that take long to write.

A pool of its own. That of ``asyncio.to_thread`` also looks up the names of PBXs: requests without
end would keep a lost PBX connection from being made again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

THREADS = 4

_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="feed-server")


async def in_thread(work: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    """Do something that blocks; what it raises is raised here."""
    return await asyncio.get_running_loop().run_in_executor(_pool, work, *arguments)
