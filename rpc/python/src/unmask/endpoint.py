"""Where a gateway listens, and the keys to talk to it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import zmq

from .errors import InvalidArgument

_HOST = re.compile(r"[!-.0-Z\\^-~]+")  # visible ASCII but for slashes and brackets
_PORT = re.compile(r"[0-9]{1,5}")
DEFAULT_ENDPOINT = "tcp://127.0.0.1:7400"  # of the cluster file's gateway


def resolve_endpoint(endpoint: str | None) -> str:
    """The endpoint, else $UNMASK_ENDPOINT, else the default; `HOST:PORT` means tcp.

    Raises InvalidArgument quoting what is no endpoint.
    """
    given = endpoint
    if given is None:
        given = os.environ.get("UNMASK_ENDPOINT") or DEFAULT_ENDPOINT
    wrong = InvalidArgument(f"{given!r} is not an endpoint like {DEFAULT_ENDPOINT}")
    if not isinstance(given, str):
        raise wrong
    host, _, port = given.removeprefix("tcp://").rpartition(":")
    # An IPv6 address needs brackets: without, nobody knows where it ends.
    name = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not name or (name == host and ":" in name) or not _HOST.fullmatch(name):
        raise wrong
    if not _PORT.fullmatch(port):
        raise wrong
    if not 0 < int(port) < 65536:
        raise InvalidArgument(f"{given!r}: a port is between 1 and 65535")
    return f"tcp://{host}:{port}"


@dataclass(frozen=True, slots=True)
class Curve:
    """Keys of an encrypted connection, as 40 characters of Z85 each."""

    server_key: bytes  # public, of the gateway
    secret_key: bytes  # of this client

    @staticmethod
    def from_files(server_key: str | Path, secret_key: str | Path) -> Curve:
        """Raises InvalidArgument naming the file that cannot be used."""
        return Curve(_read_key(Path(server_key)), _read_key(Path(secret_key)))

    @property
    def public_key(self) -> bytes:
        return zmq.curve_public(self.secret_key)


def _read_key(path: Path) -> bytes:
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise InvalidArgument(f"cannot read the key '{path}': {error.strerror}") from None
    if len(key) != 40:
        raise InvalidArgument(f"'{path}' is not a key: it has {len(key)} characters, not 40")
    return key
