"""Short stories about numbers, answered with the sums and `#### result`."""

from tasks.sample import Sample
from tasks.words import NAMES, THINGS, pronoun

VERIFIER = "final_number"


def _count(rng, low: int = 2) -> int:
    return rng.randint(low, 20) if rng.random() < 0.5 else rng.randint(low, 60) if rng.random() < 0.8 else rng.randint(
        low, 120)


_MORE = ("buys {b} more", "gets {b} more", "finds {b} more", "finds {b}", "buys another {b}", "receives {b} more",
         "buys {b}", "collects {b} more", "wins {b} more", "picks {b} more")
_LESS = ("gives away {b}", "loses {b}", "sells {b}", "gives {b} to {other}", "gives {b} to a friend", "uses {b}",
         "breaks {b}", "gives {other} {b}")
_ASK = ("How many {thing} does {who} have?", "How many {thing} does {who} have now?", "How many are there now?",
        "How many {thing} does {who} have in total?", "How many {thing} are there in the end?")
_ASK_LEFT = ("How many {thing} does {who} have left?", "How many {thing} are left?", "How many does {who} have left?",
             "How many {thing} does {who} have?", "How many {thing} does {who} have now?")
_JOIN = (" and {0}.", ". {who} {0}.", " and then {0}.", ", then {0}.", ". Then {who} {0}.")


def _story(rng, steps: int) -> Sample:
    name, other = rng.sample(NAMES, 2)
    thing = rng.choice(THINGS)
    she = pronoun(name)
    have = _count(rng)
    text = f"{name} has {have} {thing}"
    work = []
    is_last_less = False
    for step in range(steps):
        is_last_less = have > 3 and rng.random() < 0.5
        change = rng.randint(1, have - 1) if is_last_less else _count(rng)
        action = rng.choice(_LESS if is_last_less else _MORE).format(b=change, other=other)
        who = name if she == "they" or rng.random() < 0.4 else she.capitalize()
        text += rng.choice(_JOIN if step == 0 else _JOIN[1::3]).format(action, who=who)
        if not text.endswith("."):
            text += "."
        after = have - change if is_last_less else have + change
        work.append(f"{have}{'-' if is_last_less else '+'}{change}={after}")
        have = after
    who = name if she == "they" or rng.random() < 0.4 else she
    asked = rng.choice(_ASK_LEFT if is_last_less else _ASK).format(thing=thing, who=who)
    if steps == 1:
        answer = f"{name} has {work[0]} {thing}."
    else:
        answer = f"First {name} has {work[0]} {thing}. Then {name} has {work[1]} {thing}."
    return Sample(f"{text} {asked}", f"{answer}\n#### {have}")


def _groups(rng) -> Sample:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    groups, each = rng.randint(2, 12), rng.randint(2, 12)
    box = rng.choice(("boxes", "bags", "baskets", "packs", "rows", "shelves", "jars"))
    prompt = rng.choice((
        f"{name} has {groups} {box} with {each} {thing} each. How many {thing} does {name} have?",
        f"There are {groups} {box} with {each} {thing} in each. How many {thing} are there?",
        f"{name} fills {groups} {box} with {each} {thing} each. How many {thing} is that in total?",
        f"Each of {groups} {box} holds {each} {thing}. How many {thing} are there in total?",
    ))
    return Sample(prompt, f"There are {groups}*{each}={groups * each} {thing}.\n#### {groups * each}")


def _price(rng) -> Sample:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    count, price = rng.randint(2, 12), rng.randint(2, 12)
    one = thing[:-3] + "y" if thing.endswith("ies") else thing[:-2] if thing == "boxes" else thing[:-1]
    article = "An" if one[0] in "aeiou" else "A"
    prompt = rng.choice((
        f"{article} {one} costs {price} dollars. {name} buys {count} {thing}. How much does {name} pay?",
        f"{name} buys {count} {thing} for {price} dollars each. How much does {name} pay?",
        f"{article} {one} costs {price} dollars. How much do {count} {thing} cost?",
    ))
    return Sample(prompt, f"{count} {thing} cost {count}*{price}={count * price} dollars.\n#### {count * price}")


def _share(rng) -> Sample:
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    friends, each = rng.randint(2, 12), rng.randint(1, 12)
    total = friends * each
    prompt = rng.choice((
        f"{name} shares {total} {thing} equally among {friends} friends. How many {thing} does each friend get?",
        f"{total} {thing} are shared equally by {friends} children. How many {thing} does each child get?",
        f"{name} puts {total} {thing} into {friends} boxes equally. How many {thing} are in each box?",
    ))
    return Sample(prompt, f"Each gets {total}/{friends}={each} {thing}.\n#### {each}")


def _two_people(rng) -> Sample:
    name, other = rng.sample(NAMES, 2)
    thing = rng.choice(THINGS)
    a, b = _count(rng), _count(rng)
    if rng.random() < 0.5:
        prompt = rng.choice((
            f"{name} has {a} {thing} and {other} has {b} {thing}. How many {thing} do they have together?",
            f"{name} has {a} {thing}. {other} has {b} {thing}. How many {thing} do they have in total?",
        ))
        return Sample(prompt, f"Together they have {a}+{b}={a + b} {thing}.\n#### {a + b}")
    more = rng.random() < 0.5
    b = b if more else rng.randint(1, a - 1)
    result = a + b if more else a - b
    relation = "more" if more else "fewer"
    prompt = f"{name} has {a} {thing}. {other} has {b} {relation} {thing} than {name}. How many {thing} does {other} have?"
    return Sample(prompt, f"{other} has {a}{'+' if more else '-'}{b}={result} {thing}.\n#### {result}")


def sample(rng) -> Sample:
    kind = rng.choices((0, 1, 2, 3, 4, 5), (40, 25, 9, 9, 7, 10))[0]
    if kind < 2:
        return _story(rng, kind + 1)
    return (_groups, _price, _share, _two_people)[kind - 2](rng)
