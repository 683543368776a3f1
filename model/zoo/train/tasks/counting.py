"""How often a letter, a word or anything occurs."""

from tasks.sample import Sample
from tasks.words import LETTERS, PLAIN, made_up, word

VERIFIER = "final_number"


def sample(rng) -> Sample:
    kind = rng.randrange(5)
    if kind < 2:
        text = word(rng).lower() if rng.random() < 0.8 else made_up(rng) + made_up(rng)
        if rng.random() < 0.02:
            text = "strawberry"
        letter = rng.choice(text) if rng.random() < 0.85 else rng.choice(LETTERS)
        prompt = rng.choice(('Count the letter {l} in "{t}".', "How many times is {l} in {t}?",
                             "How many {l}'s are in {t}?", "How often does the letter {l} occur in {t}?",
                             "How many times does {l} appear in the word {t}?")).format(l=letter, t=text)
        return Sample(prompt, f"{' '.join(text)}: {text.count(letter)}")
    if kind == 2:
        text = word(rng).lower()
        prompt = rng.choice(("How many letters are in {0}?", "How many letters does the word {0} have?",
                             'Count the letters in "{0}".')).format(text)
        return Sample(prompt, f"{' '.join(text)}: {len(text)}")
    if kind == 3:
        words = [word(rng) for _ in range(rng.randint(2, 9))]
        prompt = rng.choice(("How many words are there: {0}", "Count the words: {0}",
                             "How many words are in this list: {0}")).format(" ".join(words))
        return Sample(prompt, f"{', '.join(f'{i} {w}' for i, w in enumerate(words, 1))}. {len(words)} words: {len(words)}")
    pair = rng.sample(PLAIN, rng.choice((2, 2, 3)))
    words = [rng.choice(pair) for _ in range(rng.randint(3, 9))]
    asked = rng.choice(pair)
    prompt = rng.choice(("How many times does {a} occur in: {t}", "Count {a} in: {t}",
                         "How often do you see {a}: {t}")).format(a=asked, t=" ".join(words))
    hits = words.count(asked)
    return Sample(prompt, f"{' '.join([asked] * hits)}: {hits}" if hits else "none: 0")
