"""Numbers of any kind, Python's and NumPy's, as plain ones; NumPy itself is not needed for that."""

from __future__ import annotations

import numbers
import operator
from typing import Any

from .errors import InvalidArgument


def whole(given: Any, what: str) -> int:
    """Raises InvalidArgument, beginning with `what`, for what is no whole number."""
    try:
        return operator.index(given)
    except TypeError:
        raise InvalidArgument(f"{what} is no whole number: {given!r}") from None


def plain(given: Any) -> Any:
    """A NumPy scalar, or an array of no dimensions, as the Python number it holds."""
    is_scalar = getattr(given, "shape", None) == () and hasattr(given, "item")
    return given.item() if is_scalar else given


def text_of(given: Any, what: str) -> str:
    """As the server reads it. Raises InvalidArgument for what is neither text nor number."""
    value = plain(given)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        return repr(float(value))
    raise InvalidArgument(f"{what} is not text or a number but {type(given).__name__}")
