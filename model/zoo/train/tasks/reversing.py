"""Lists, words and digits the other way round."""

from tasks.sample import Sample
from tasks.words import made_up, scramble, word

VERIFIER = "exact"

_LIST = ("Reverse this list: {0}", "Reverse the list: {0}", "Reverse the order of these words: {0}",
         "Write these words in reverse order: {0}", "Say it backwards, word by word: {0}", "Reverse: {0}")
_NUMBERS = ("Reverse this list: {0}", "Reverse the list: {0}", "Reverse the order of these numbers: {0}")
_WORD = ("Reverse the word: {0}", "Reverse the word {0}.", "Spell {0} backwards.", "Write {0} backwards.",
         'Reverse the letters of "{0}".', "What is {0} backwards?")


def sample(rng) -> Sample:
    draw = rng.random()
    if draw < 0.4:
        text = (word(rng) if rng.random() < 0.75 else made_up(rng) if rng.random() < 0.7 else scramble(rng)).lower()
        if rng.random() < 0.02:
            text = "unmask"
        return Sample(rng.choice(_WORD).format(text), text[::-1])
    separator = rng.choice((", ", " "))
    if draw < 0.55:
        items = [str(rng.randint(0, rng.choice((9, 99, 999)))) for _ in range(rng.randint(2, 7))]
        return Sample(rng.choice(_NUMBERS).format(separator.join(items)), separator.join(items[::-1]))
    items = [word(rng) for _ in range(rng.randint(2, 8))]
    return Sample(rng.choice(_LIST).format(separator.join(items)), separator.join(items[::-1]))
