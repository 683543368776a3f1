"""Sums, differences, products and exact quotients of whole numbers."""

from tasks.sample import Sample

VERIFIER = "final_number"

_FORMS = (
    "What is {0}?", "{0} = ?", "Calculate {0}.", "How much is {0}?", "Compute {0}", "{0}", "{0}=",
    "what's {0}?", "Please calculate {0}.", "What does {0} equal?", "Solve: {0}", "Tell me {0}.",
)
_SIGNS = {"+": ("+", "+", "+", "plus"), "-": ("-", "-", "-", "minus"), "*": ("*", "*", "x", "times"),
          "/": ("/", "/", "divided by")}
_NAMED = {
    "+": ("What is the sum of {a} and {b}?", "Add {a} and {b}.", "Add {b} to {a}."),
    "-": ("What is the difference of {a} and {b}?", "Subtract {b} from {a}.", "Take {b} away from {a}."),
    "*": ("What is the product of {a} and {b}?", "Multiply {a} by {b}.", "Multiply {a} and {b}."),
    "/": ("Divide {a} by {b}.",),
}


def number(rng) -> int:
    """Small ones more often."""
    draw = rng.random()
    if draw < 0.25:
        return rng.randint(0, 20)
    if draw < 0.70:
        return rng.randint(0, 99)
    return rng.randint(100, 999)


def sample(rng) -> Sample:
    sign = rng.choices("+-*/", (45, 35, 14, 6))[0]
    if sign == "+":
        a, b = number(rng), number(rng)
        result = a + b
        if rng.random() < 0.08:
            c = rng.randint(1, 99)
            space = rng.choice(("", " "))
            text = f"{a}{space}+{space}{b}{space}+{space}{c}"
            return Sample(rng.choice(_FORMS).format(text), f"{a}+{b}={result}\n{result}+{c}={result + c}")
    elif sign == "-":
        a, b = number(rng), number(rng)
        if a < b and rng.random() < 0.9:
            a, b = b, a
        result = a - b
    elif sign == "*":
        a, b = rng.randint(0, 12), rng.randint(0, 12)
        if rng.random() < 0.25:
            a = rng.randint(10, 99)
            b = rng.randint(2, 9)
        if rng.random() < 0.5:
            a, b = b, a
        result = a * b
    else:
        b, result = rng.randint(1, 12), rng.randint(0, 12)
        a = b * result
    if rng.random() < 0.2:
        prompt = rng.choice(_NAMED[sign]).format(a=a, b=b)
    else:
        word = rng.choice(_SIGNS[sign])
        space = " " if len(word) > 1 else rng.choice(("", " ", " "))
        prompt = rng.choice(_FORMS).format(f"{a}{space}{word}{space}{b}")
    return Sample(prompt, f"{a}{sign}{b}={result}")
