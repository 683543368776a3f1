"""What the tests of this folder ask a cluster."""

from __future__ import annotations

from typing import Any

PROMPT = "Sort these numbers from small to large: 734, 812, 778, 75, 101, 198, 638"
#: One forward a token, and no end before the last one: seconds.
LONG: dict[str, Any] = {
    "gen_length": 256,
    "block_length": 16,
    "strategy": "fixed",
    "steps": 16,
    "early_stop": False,
}
