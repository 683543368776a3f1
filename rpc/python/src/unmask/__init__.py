"""Client of unmask, the server of diffusion language models.

    async with unmask.connect("tcp://127.0.0.1:7400") as client:
        job = await client.submit("What is 347 + 285?", gen_length=64)
        async for block in job:
            print(block.text, end="", flush=True)
        result = await job.result()

or, without an event loop, `unmask.generate("tcp://127.0.0.1:7400", "What is 347 + 285?").text`.
"""

from .client import Client, connect
from .endpoint import DEFAULT_ENDPOINT, Curve
from .errors import (
    Cancelled,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    InternalError,
    TooLong,
    InvalidArgument,
    NotFound,
    Overloaded,
    ProtocolError,
    Unavailable,
    UnmaskError,
)
from .job import Job
from .messages import (
    Block,
    Cell,
    ClusterStatus,
    Figures,
    Frame,
    JobResult,
    JobSummary,
    Member,
    Queued,
)
from .submission import new_job_id
from .sync import generate
from .version import __version__

__all__ = [
    "DEFAULT_ENDPOINT",
    "Block",
    "Cancelled",
    "Cell",
    "Client",
    "ClusterStatus",
    "ConnectError",
    "ConnectionLost",
    "Curve",
    "DeadlineExceeded",
    "Figures",
    "Frame",
    "InternalError",
    "TooLong",
    "InvalidArgument",
    "Job",
    "JobResult",
    "JobSummary",
    "Member",
    "NotFound",
    "Overloaded",
    "ProtocolError",
    "Queued",
    "Unavailable",
    "UnmaskError",
    "__version__",
    "connect",
    "generate",
    "new_job_id",
]
