"""The package's copy of the project's rpc/protocol.capnp, loaded, and the numbers of its messages."""

from __future__ import annotations

import hashlib
import os
from enum import IntEnum
from importlib.resources import files
from typing import Any

import capnp

# Of protocol.capnp; rpc/python/copy_schema writes it here.
_SHA256 = "abf58bf3a540e33c22c8354f65d8664db80ba0a9561a2fc290800ab406c77e84"

capnp.remove_import_hook()
_IMPORTS = [os.path.dirname(os.path.dirname(capnp.__file__))]  # where /capnp/c++.capnp lies


def _load() -> Any:
    """Raises ImportError for a file that is damaged: of that, capnp's parser ends the program."""
    path = files("unmask") / "protocol.capnp"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImportError(f"unmask is not whole: {path} cannot be read: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise ImportError(
            f"unmask is not whole: {path} is not the file that this version came with; "
            "install it again, or run rpc/python/copy_schema in a checkout"
        )
    return capnp.load(str(path), imports=_IMPORTS)


schema: Any = _load()


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
    ATTACH = 33
