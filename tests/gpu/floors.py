"""How far from the least time in which a memory can deliver what has to be read."""


def floor_ms(num_bytes, gbytes_per_s):
    return num_bytes / gbytes_per_s / 1e6


def over_floor(gbytes_per_s, memory_gbytes_per_s):
    """Time over least time, of what moved its bytes at this rate; None if that is not known."""
    if not gbytes_per_s or not memory_gbytes_per_s:
        return None
    return round(memory_gbytes_per_s / gbytes_per_s, 2)
