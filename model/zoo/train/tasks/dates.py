"""Weekdays, months and days of a calendar, by going through them."""

from tasks.sample import Sample

VERIFIER = "exact"

DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = "January February March April May June July August September October November December".split()
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _weekday(rng) -> Sample:
    start, count = rng.randrange(7), rng.randint(1, 10)
    is_before = rng.random() < 0.35
    step = -1 if is_before else 1
    way = "before" if is_before else "after"
    passed = [DAYS[(start + step * (i + 1)) % 7] for i in range(count)]
    day = DAYS[start]
    days = "day" if count == 1 else "days"
    prompt = rng.choice((
        f"What day is {count} {days} {way} {day}?", f"Which day comes {count} {days} {way} {day}?",
        f"What weekday is it {count} {days} {way} {day}?",
        f"Today is {day}. What day {'was it' if is_before else 'is it in'} {count} {days}{' ago' if is_before else ''}?",
        f"If today is {day}, what day {'was' if is_before else 'is'} it {'' if is_before else 'in '}{count} {days}"
        f"{' ago' if is_before else ''}?",
    ))
    return Sample(prompt, f"{', '.join(passed)}. It is {passed[-1]}.")


def _month(rng) -> Sample:
    start, count = rng.randrange(12), rng.randint(1, 8)
    is_before = rng.random() < 0.35
    step = -1 if is_before else 1
    way = "before" if is_before else "after"
    passed = [MONTHS[(start + step * (i + 1)) % 12] for i in range(count)]
    months = "month" if count == 1 else "months"
    prompt = rng.choice((
        f"What month is {count} {months} {way} {MONTHS[start]}?",
        f"Which month comes {count} {months} {way} {MONTHS[start]}?",
    ))
    return Sample(prompt, f"{', '.join(passed)}. It is {passed[-1]}.")


def _neighbour(rng) -> Sample:
    names = rng.choice((DAYS, MONTHS))
    at, is_before = rng.randrange(len(names)), rng.random() < 0.5
    found = names[(at + (-1 if is_before else 1)) % len(names)]
    kind = "day" if names is DAYS else "month"
    way = "before" if is_before else "after"
    prompt = rng.choice((f"What {kind} comes {way} {names[at]}?", f"Which {kind} is {way} {names[at]}?",
                         f"What is the {kind} {way} {names[at]}?"))
    return Sample(prompt, f"{found}. It is {found}.")


def _later(rng) -> Sample:
    month = rng.randrange(12)
    day = rng.randint(1, _LENGTHS[month])
    count = rng.randint(1, 20)
    end, end_month = day + count, month
    work = f"{day}+{count}={end}. "
    if end > _LENGTHS[month]:
        end, end_month = end - _LENGTHS[month], (month + 1) % 12
        work += f"{MONTHS[month]} has {_LENGTHS[month]} days: {day + count}-{_LENGTHS[month]}={end}. "
    days = "day" if count == 1 else "days"
    prompt = rng.choice((f"What date is {count} {days} after {MONTHS[month]} {day}?",
                         f"Today is {MONTHS[month]} {day}. What date is it in {count} {days}?"))
    return Sample(prompt, f"{work}It is {MONTHS[end_month]} {end}.")


def _length(rng) -> Sample:
    month = rng.randrange(12)
    prompt = rng.choice((f"How many days does {MONTHS[month]} have?", f"How many days are in {MONTHS[month]}?",
                         f"How long is {MONTHS[month]}?"))
    leap = " In a leap year it has 29." if month == 1 else ""
    return Sample(prompt, f"{MONTHS[month]} has {_LENGTHS[month]} days.{leap}")


def sample(rng) -> Sample:
    return rng.choices((_weekday, _month, _neighbour, _later, _length), (40, 18, 4, 35, 3))[0](rng)
