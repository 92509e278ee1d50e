"""Threads that wait for queries, apart for each lane."""

import threading
from concurrent.futures import Executor, ThreadPoolExecutor


class Workers:
    """A pool for each lane, made when it is first needed: a lane that hangs takes no thread from another."""

    def __init__(self, size: int) -> None:
        """At most `size` threads a lane."""
        self._size = size
        self._lock = threading.Lock()
        self._pools: dict[str, ThreadPoolExecutor] = {}

    def of(self, lane: str) -> Executor:
        """The lane's pool."""
        with self._lock:
            if lane not in self._pools:
                self._pools[lane] = ThreadPoolExecutor(self._size, thread_name_prefix=f"search {lane}".strip())
            return self._pools[lane]

    def close(self) -> None:
        """Wait for what is in hand and let the threads go."""
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
