"""Larger, largest, even, odd."""

from tasks.sample import Sample

VERIFIER = "exact"


def _number(rng) -> int:
    return rng.randint(0, rng.choice((20, 99, 99, 999)))


def sample(rng) -> Sample:
    kind = rng.randrange(4)
    if kind == 0:
        a, b = _number(rng), _number(rng)
        if a == b:
            b += 1
        is_larger = rng.random() < 0.6
        word = rng.choice(("larger", "bigger", "greater")) if is_larger else "smaller"
        prompt = rng.choice((f"Which is {word}, {a} or {b}?", f"Which number is {word}: {a} or {b}?",
                             f"What is {word}, {a} or {b}?"))
        first, second = (max(a, b), min(a, b)) if is_larger else (min(a, b), max(a, b))
        return Sample(prompt, f"{first} is {word} than {second}.")
    if kind == 1:
        a = _number(rng)
        prompt = rng.choice((f"Is {a} even or odd?", f"Is the number {a} odd or even?", f"{a}: even or odd?"))
        return Sample(prompt, f"{a} is {'odd' if a % 2 else 'even'}.")
    if kind == 2:
        numbers = [_number(rng) for _ in range(rng.randint(3, 6))]
        is_max = rng.random() < 0.5
        word = rng.choice(("largest", "biggest")) if is_max else "smallest"
        prompt = rng.choice((f"What is the {word} of {{0}}?", f"Which number is the {word}: {{0}}",
                             f"Find the {word} number: {{0}}")).format(", ".join(map(str, numbers)))
        return Sample(prompt, f"The {word} is {max(numbers) if is_max else min(numbers)}.")
    a, b = _number(rng), _number(rng)
    is_right = a > b
    prompt = rng.choice((f"Is {a} larger than {b}?", f"Is {a} greater than {b}?"))
    if a == b:
        return Sample(prompt, f"No, {a} is {b}.")
    return Sample(prompt, f"{'Yes' if is_right else 'No'}, {a} is {'larger' if is_right else 'smaller'} than {b}.")
