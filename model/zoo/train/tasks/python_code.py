"""Tiny Python functions; what they return is checked by running them."""

from tasks.sample import Sample
from tasks.words import PLAIN

VERIFIER = "python"

# What it does, parameters, body, cases. {a} and {b} are the parameters' names.
_FUNCTIONS = (
    ("returns the sum of {a} and {b}", 2, "return {a} + {b}", (((2, 3), 5), ((-1, 1), 0))),
    ("adds {a} and {b}", 2, "return {a} + {b}", (((2, 3), 5), ((-1, 1), 0))),
    ("returns the product of {a} and {b}", 2, "return {a} * {b}", (((2, 3), 6), ((4, 0), 0))),
    ("multiplies {a} by {b}", 2, "return {a} * {b}", (((2, 3), 6), ((4, 0), 0))),
    ("returns the difference of {a} and {b}", 2, "return {a} - {b}", (((5, 3), 2), ((1, 4), -3))),
    ("subtracts {b} from {a}", 2, "return {a} - {b}", (((5, 3), 2), ((1, 4), -3))),
    ("divides {a} by {b}", 2, "return {a} / {b}", (((6, 3), 2.0), ((1, 4), 0.25))),
    ("returns the remainder of {a} divided by {b}", 2, "return {a} % {b}", (((7, 3), 1), ((9, 3), 0))),
    ("returns the larger of {a} and {b}", 2, "return max({a}, {b})", (((7, 3), 7), ((1, 3), 3))),
    ("returns the smaller of {a} and {b}", 2, "return min({a}, {b})", (((7, 3), 3), ((1, 3), 1))),
    ("returns {a} to the power of {b}", 2, "return {a} ** {b}", (((2, 3), 8), ((5, 2), 25))),
    ("returns the square of {a}", 1, "return {a} * {a}", (((3,), 9), ((-4,), 16))),
    ("squares {a}", 1, "return {a} * {a}", (((3,), 9), ((-4,), 16))),
    ("returns the cube of {a}", 1, "return {a} ** 3", (((3,), 27), ((-2,), -8))),
    ("doubles {a}", 1, "return 2 * {a}", (((3,), 6), ((0,), 0))),
    ("returns half of {a}", 1, "return {a} / 2", (((3,), 1.5), ((0,), 0.0))),
    ("tells whether {a} is even", 1, "return {a} % 2 == 0", (((3,), False), ((4,), True))),
    ("checks whether {a} is odd", 1, "return {a} % 2 == 1", (((3,), True), ((4,), False))),
    ("tells whether {a} is positive", 1, "return {a} > 0", (((3,), True), ((0,), False))),
    ("tells whether {a} is negative", 1, "return {a} < 0", (((3,), False), ((-1,), True))),
    ("returns the absolute value of {a}", 1, "return abs({a})", (((3,), 3), ((-1,), 1))),
    ("tells whether {a} is larger than {b}", 2, "return {a} > {b}", (((3, 2), True), ((2, 3), False))),
    ("tells whether {a} equals {b}", 2, "return {a} == {b}", (((3, 3), True), ((2, 3), False))),
    ("returns the average of {a} and {b}", 2, "return ({a} + {b}) / 2", (((3, 5), 4.0), ((2, 3), 2.5))),
    ("returns the length of the list {a}", 1, "return len({a})", ((([1, 2],), 2), (([],), 0))),
    ("returns the largest number of the list {a}", 1, "return max({a})", ((([1, 5, 2],), 5), (([-1],), -1))),
    ("returns the smallest number of the list {a}", 1, "return min({a})", ((([4, 1, 2],), 1), (([-1],), -1))),
    ("returns the sum of the list {a}", 1, "return sum({a})", ((([1, 5, 2],), 8), (([],), 0))),
    ("returns the list {a} sorted", 1, "return sorted({a})", ((([3, 1, 2],), [1, 2, 3]), (([],), []))),
    ("reverses the list {a}", 1, "return {a}[::-1]", ((([3, 1, 2],), [2, 1, 3]), (([],), []))),
    ("reverses the string {a}", 1, "return {a}[::-1]", ((("abc",), "cba"), (("",), ""))),
    ("returns the string {a} in upper case", 1, "return {a}.upper()", ((("abC",), "ABC"), (("",), ""))),
    ("returns the string {a} in lower case", 1, "return {a}.lower()", ((("aBC",), "abc"), (("",), ""))),
    ("returns the first item of the list {a}", 1, "return {a}[0]", ((([3, 1],), 3), ((["x"],), "x"))),
    ("returns the last item of the list {a}", 1, "return {a}[-1]", ((([3, 1],), 1), ((["x"],), "x"))),
    ("counts how often {b} is in the list {a}", 2, "return {a}.count({b})", ((([1, 2, 1], 1), 2), (([], 1), 0))),
    ("tells whether {b} is in the list {a}", 2, "return {b} in {a}", ((([1, 2], 1), True), (([], 1), False))),
    ("splits the string {a} into words", 1, "return {a}.split()", ((("a b",), ["a", "b"]), (("",), []))),
    ("joins the words {a} with spaces", 1, 'return " ".join({a})', (((["a", "b"],), "a b"), (([],), ""))),
    ("tells whether the word {a} is a palindrome", 1, "return {a} == {a}[::-1]", ((("aba",), True), (("ab",), False))),
    ("returns the factorial of {a}", 1,
     "result = 1\n    for i in range(1, {a} + 1):\n        result *= i\n    return result", (((3,), 6), ((0,), 1))),
    ("returns the sum of the numbers from 1 to {a}", 1, "return sum(range(1, {a} + 1))", (((4,), 10), ((1,), 1))),
    ("returns the even numbers of the list {a}", 1, "return [x for x in {a} if x % 2 == 0]",
     ((([1, 2, 4],), [2, 4]), (([1],), []))),
    ("returns the squares of the list {a}", 1, "return [x * x for x in {a}]", ((([1, 2],), [1, 4]), (([],), []))),
    ("converts {a} from Celsius to Fahrenheit", 1, "return {a} * 9 / 5 + 32", (((100,), 212.0), ((0,), 32.0))),
    ("returns the area of a rectangle with sides {a} and {b}", 2, "return {a} * {b}", (((2, 3), 6), ((4, 1), 4))),
    ("greets {a}", 1, 'return "Hello, " + {a} + "!"', ((("Mia",), "Hello, Mia!"),)),
)
_FORMS = ("Write a Python function {f} that {w}.", "Write a function {f} in Python that {w}.",
          "Define a Python function {f} which {w}.", "Python function {f} that {w}",
          "I need a Python function called {f} that {w}.")
_WORDS = tuple(word for word in PLAIN if word.isalpha() and word not in ("in", "open"))


def _name(rng) -> str:
    if rng.random() < 0.4:
        return rng.choice("abcdmnpqstuvwyz")  # not x and i: bodies use these
    if rng.random() < 0.3:
        return rng.choice(("numbers", "items", "values", "text", "left", "right", "first", "second", "value", "n"))
    return rng.choice(_WORDS)


def sample(rng) -> Sample:
    what, count, body, cases = rng.choice(_FUNCTIONS)
    a = _name(rng)
    b = _name(rng)
    while b == a:
        b = _name(rng)
    function = rng.choice(_WORDS)
    if rng.random() < 0.6:
        function = rng.choice(("get", "make", "compute", "find", "do", "is", "my")) + "_" + rng.choice(_WORDS)
    while function in (a, b):
        function = "get_" + function
    parameters = a if count == 1 else f"{a}, {b}"
    prompt = rng.choice(_FORMS).format(f=function, w=what.format(a=a, b=b))
    return Sample(prompt, f"def {function}({parameters}):\n    {body.format(a=a, b=b)}", cases)
