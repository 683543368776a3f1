"""The project's rpc/protocol.capnp, loaded, and the numbers of its messages."""

from __future__ import annotations

import os
from enum import IntEnum
from importlib.resources import files
from typing import Any

import capnp

capnp.remove_import_hook()
_IMPORTS = [os.path.dirname(os.path.dirname(capnp.__file__))]  # where /capnp/c++.capnp lies
schema: Any = capnp.load(str(files("unmask") / "protocol.capnp"), imports=_IMPORTS)


class MessageType(IntEnum):
    """Number of a message on the wire (rpc/codec/on_wire.h); those that clients know."""

    SUBMIT = 1
    CANCEL = 3
    ACCEPTED = 5
    QUEUED = 6
    COMMITTED = 7
    FRAME = 8
    FINISHED = 10
    REJECTED = 11
    LIST_JOBS = 12
    JOB_LIST = 13
    GET_STATUS = 14
    CLUSTER_STATUS = 15
