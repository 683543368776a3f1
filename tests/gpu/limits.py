"""A limit in time for whatever the main thread does."""

import contextlib
import signal


class Overrun(Exception):
    """The limit is over."""


def _raise(*_):
    raise Overrun


@contextlib.contextmanager
def limit(seconds):
    """Raises Overrun within the block once its time is over. Blocks are not nested."""
    before = signal.signal(signal.SIGALRM, _raise)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
