"""Numbers and words in order."""

from tasks.sample import Sample
from tasks.words import distinct_words

VERIFIER = "exact"

_UP = ("Sort these numbers from small to large: {0}", "Sort in ascending order: {0}", "Sort these numbers: {0}",
       "Sort {0}", "Put these numbers in order: {0}", "Order from smallest to largest: {0}", "Sort the numbers {0}.")
_DOWN = ("Sort these numbers from large to small: {0}", "Sort in descending order: {0}",
         "Order from largest to smallest: {0}")
_WORDS = ("Sort these words alphabetically: {0}", "Sort alphabetically: {0}", "Put these words in alphabetical order: {0}",
          "Sort these words: {0}", "Alphabetical order: {0}")


def sample(rng) -> Sample:
    if rng.random() < 0.35:
        words = distinct_words(rng, rng.randint(2, 6))
        words = [word.lower() for word in words]
        separator = rng.choice((", ", ", ", " "))
        return Sample(rng.choice(_WORDS).format(separator.join(words)), separator.join(sorted(words)))
    top = rng.choice((20, 99, 99, 99, 200, 999))
    numbers = [rng.randint(0, top) for _ in range(rng.choice((2, 3, 3, 4, 4, 4, 5, 5, 6, 7)))]
    separator = rng.choice((", ", ", ", ", ", " "))
    is_down = rng.random() < 0.3
    prompt = rng.choice(_DOWN if is_down else _UP).format(separator.join(map(str, numbers)))
    return Sample(prompt, separator.join(map(str, sorted(numbers, reverse=is_down))))
