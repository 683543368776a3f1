"""Long answers: rows of numbers."""

from tasks.sample import Sample

VERIFIER = "exact"


def sample(rng) -> Sample:
    kind = rng.randrange(4)
    if kind == 0:
        n = rng.randint(1, 12)
        top = rng.choice((5, 10, 10, 10, 12))
        form = "Times table of {n}, please." if top == 10 else "Times table of {n} up to {top}."
        form = rng.choice((form, form, "Write the times table of {n} up to {top}.", "Multiply {n} by 1 to {top}."))
        return Sample(form.format(n=n, top=top), "\n".join(f"{i}*{n}={i * n}" for i in range(1, top + 1)))
    if kind == 1:
        start, step = rng.randint(0, 60), rng.randint(1, 12)
        count = rng.randint(4, 20)
        form = rng.choice(("Start at {a} and add {s} each time, {n} numbers.", "Count from {a} in steps of {s}, {n} numbers.",
                           "Give me {n} numbers from {a} in steps of {s}."))
        return Sample(form.format(a=start, s=step, n=count), ", ".join(str(start + step * i) for i in range(count)))
    if kind == 2:
        start = rng.randint(0, 200)
        end = start + rng.randint(3, 30)
        form = rng.choice(("Count from {a} to {b}.", "List the numbers from {a} to {b}.", "Write the numbers {a} to {b}."))
        return Sample(form.format(a=start, b=end), ", ".join(map(str, range(start, end + 1))))
    start = rng.randint(5, 120)
    end = max(0, start - rng.randint(3, 25))
    form = rng.choice(("Count down from {a} to {b}.", "Count backwards from {a} to {b}."))
    return Sample(form.format(a=start, b=end), ", ".join(map(str, range(start, end - 1, -1))))
