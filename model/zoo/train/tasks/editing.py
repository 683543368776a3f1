"""Text copied, with one change or none."""

from tasks.sample import Sample
from tasks.words import CITIES, COLORS, JOBS, NAMES, distinct_words, word

VERIFIER = "exact"


def _sentence(rng) -> str:
    name, thing, color = rng.choice(NAMES), word(rng).lower(), rng.choice(COLORS)
    return rng.choice((
        f"The {color} {thing} is in {rng.choice(CITIES)}.",
        f"{name} likes the {color} {thing}.",
        f"{name} is a {rng.choice(JOBS)} in {rng.choice(CITIES)}.",
        f"My {thing} is {color}.",
        f"{name} and {rng.choice(NAMES)} saw a {color} {thing}.",
        f"We have {rng.randint(2, 99)} {thing}s here.",
    ))


def _text(rng) -> str:
    return _sentence(rng) if rng.random() < 0.5 else " ".join(distinct_words(rng, rng.randint(3, 7)))


def sample(rng) -> Sample:
    text = _text(rng)
    kind = rng.choice(("copy", "replace", "replace", "upper", "lower", "remove", "append", "first", "last", "double"))
    if kind == "copy":
        form = rng.choice(("Copy this: {0}", "Repeat: {0}", "Repeat after me: {0}", "Say exactly: {0}"))
        return Sample(form.format(text), text)
    if kind == "upper":
        form = rng.choice(("Write in capital letters: {0}", "Make this uppercase: {0}", "To uppercase: {0}"))
        return Sample(form.format(text), text.upper())
    if kind == "lower":
        shown = text.upper() if rng.random() < 0.5 else text
        form = rng.choice(("Write in small letters: {0}", "Make this lowercase: {0}", "To lowercase: {0}"))
        return Sample(form.format(shown), shown.lower())
    words = text.rstrip(".").split(" ")
    end = "." if text.endswith(".") else ""
    at = rng.randrange(len(words))
    if words.count(words[at]) > 1:
        return Sample(f"Copy this: {text}", text)
    if kind == "replace":
        other = word(rng)
        form = rng.choice(("Replace {a} with {b}: {t}", 'Replace "{a}" with "{b}" in: {t}', "Change {a} to {b}: {t}"))
        edited = " ".join([*words[:at], other, *words[at + 1:]]) + end
        return Sample(form.format(a=words[at], b=other, t=text), edited)
    if kind == "remove":
        form = rng.choice(("Remove {a}: {t}", 'Remove the word "{a}" from: {t}', "Delete {a} from: {t}"))
        return Sample(form.format(a=words[at], t=text), " ".join(words[:at] + words[at + 1:]) + end)
    if kind == "append":
        other = word(rng)
        form = rng.choice(("Add {b} at the end: {t}", 'Append "{b}" to: {t}'))
        return Sample(form.format(b=other, t=text), " ".join([*words, other]) + end)
    if kind == "double":
        return Sample(rng.choice(("Write it twice: {0}", "Say this twice: {0}")).format(text), f"{text} {text}")
    which = 0 if kind == "first" else -1
    form = rng.choice(("What is the {k} word of: {t}", "Give me the {k} word: {t}"))
    return Sample(form.format(k=kind, t=text), words[which])
