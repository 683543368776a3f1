"""One job, for programs without an event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from .client import connect
from .endpoint import Curve
from .messages import JobInput, JobResult


def generate(
    endpoint: str | None,
    job: JobInput | None,
    *,
    curve: Curve | None = None,
    connect_timeout: float = 5.0,
    reconnect_timeout: float = 30.0,
    **submit: Any,
) -> JobResult:
    """Submits one job and waits for its end; takes what Client.submit() takes.

    Not to be called from a running event loop. A KeyboardInterrupt cancels the job.
    """

    async def run() -> JobResult:
        async with connect(
            endpoint,
            curve=curve,
            connect_timeout=connect_timeout,
            reconnect_timeout=reconnect_timeout,
        ) as client:
            running = await client.submit(job, **submit)
            try:
                return await running.result()
            except asyncio.CancelledError:
                await asyncio.shield(running.cancel())
                raise

    return asyncio.run(run())
