"""What a sentence says, as JSON."""

import json

from tasks.sample import Sample
from tasks.words import CITIES, COLORS, JOBS, NAMES, THINGS

VERIFIER = "json"

_ASK = ("Extract as JSON: {0}", "Extract the data as JSON: {0}", "Turn this into JSON: {0}", "As JSON: {0}",
        "Give me this as JSON: {0}", "Convert to JSON: {0}")


def sample(rng) -> Sample:
    name, city, job = rng.choice(NAMES), rng.choice(CITIES), rng.choice(JOBS)
    age = rng.randint(1, 99)
    thing, color, count = rng.choice(THINGS), rng.choice(COLORS), rng.randint(1, 99)
    kind = rng.randrange(8)
    if kind == 0:
        text = rng.choice((f"{name}, {age}, lives in {city}", f"{name} is {age} and lives in {city}.",
                           f"{name} lives in {city} and is {age} years old.", f"{name} from {city} is {age}."))
        data = {"name": name, "age": age, "city": city}
    elif kind == 1:
        text = rng.choice((f"{name} is a {age} year old {job} from {city}.",
                           f"{name}, {age}, is a {job} in {city}.", f"{name} ({age}) works in {city} as a {job}."))
        data = {"name": name, "age": age, "job": job, "city": city}
    elif kind == 2:
        text = rng.choice((f"{name} bought {count} {color} {thing}.", f"{name} has {count} {color} {thing}.",
                           f"{name} wants {count} {color} {thing}."))
        data = {"name": name, "count": count, "color": color, "item": thing}
    elif kind == 3:
        other = rng.choice(CITIES)
        hour, minute = rng.randint(0, 23), rng.choice((0, 5, 10, 15, 20, 30, 40, 45, 50))
        time = f"{hour}:{minute:02}"
        text = rng.choice((f"The train from {city} to {other} leaves at {time}.", f"{city} to {other} at {time}"))
        data = {"from": city, "to": other, "time": time}
    elif kind == 4:
        text = rng.choice((f"{name} works as a {job}.", f"{name} is a {job}."))
        data = {"name": name, "job": job}
    elif kind == 5:
        price = rng.randint(1, 200)
        text = rng.choice((f"{count} {thing} cost {price} dollars.", f"{count} {thing} for {price} dollars"))
        data = {"item": thing, "count": count, "price": price}
    elif kind == 6:
        people = rng.sample(NAMES, rng.randint(2, 4))
        text = ", ".join(people[:-1]) + f" and {people[-1]} live in {city}."
        data = {"names": people, "city": city}
    else:
        mail = f"{name.lower()}@{city.lower()}.com"
        text = rng.choice((f"{name}'s email is {mail}.", f"Write to {name} at {mail}."))
        data = {"name": name, "email": mail}
    return Sample(rng.choice(_ASK).format(text), json.dumps(data))
