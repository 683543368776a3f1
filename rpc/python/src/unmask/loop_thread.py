"""An event loop in a thread of its own, for callers that have none, or are inside of another."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from .errors import ConnectionLost

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for any thread but its own.

    Invariant: a coroutine that was taken ends, at the latest in close(): nobody waits forever.
    The thread does not keep a program alive.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = True  # under the lock
        begun: concurrent.futures.Future[asyncio.AbstractEventLoop] = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=_serve, args=(begun,), name="unmask client", daemon=True
        )
        self._thread.start()
        self._loop = begun.result()

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """What the coroutine returns or raises. It is cancelled if this thread is interrupted, or
        after `timeout` seconds, which raises TimeoutError. Raises ConnectionLost once closed."""
        with self._lock:
            if not self._is_open:
                coroutine.close()
                raise ConnectionLost("the client was closed")
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(timeout)
        except concurrent.futures.CancelledError:
            raise ConnectionLost("the client was closed") from None
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Ends the loop and the thread; what still runs is cancelled. May be called again."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


def _serve(begun: concurrent.futures.Future[asyncio.AbstractEventLoop]) -> None:
    with asyncio.Runner() as runner:
        begun.set_result(runner.get_loop())
        runner.get_loop().run_forever()
