"""Words that the tasks share."""

NAMES = (
    "Mia Tom Anna Ben Clara David Emma Felix Gina Henry Ida Jack Kim Leo Lena Max Nina Oscar Paul Rosa "
    "Sam Sara Tim Vera Will Zoe Alice Bob Carl Eva Finn Grace Hugo Iris Jonas Lucy Maria Nora Omar Peter"
).split()

# of NAMES
SHE = set("Mia Anna Clara Emma Gina Ida Lena Nina Rosa Sara Vera Zoe Alice Eva Grace Iris Lucy Maria Nora".split())
HE = set("Tom Ben David Felix Henry Jack Leo Max Oscar Paul Tim Will Bob Carl Finn Hugo Jonas Omar Peter".split())

THINGS = (
    "apples pears books coins cards pens eggs cookies marbles stickers balls cups plums stamps shells "
    "toys nuts keys flowers oranges candies pencils stones tickets boxes buttons lemons bottles cakes hats"
).split()

CITIES = (
    "Oslo Paris Rome Berlin London Madrid Vienna Prague Lisbon Athens Dublin Warsaw Tokyo Boston Cairo "
    "Lima Delhi Zurich Milan Kyoto"
).split()

JOBS = "nurse clerk pilot baker teacher doctor farmer painter writer driver cook lawyer singer builder".split()

COLORS = "red blue green black white yellow brown pink gray purple orange".split()

PLAIN = (
    "sun tree river stone moon cloud rain snow wind fire lake hill road bridge house door window table chair "
    "lamp bread milk cheese apple pear plum grape lemon cat dog bird fish horse cow sheep mouse fox bear wolf "
    "lion tiger frog bee ant duck king queen child friend boat ship train car bus plane wheel bell book pen "
    "paper letter word song music drum game ball card coin gold silver iron glass wood wool silk rope knife "
    "fork spoon cup plate pot shoe hat coat shirt ring watch clock map key box bag night day morning summer "
    "winter spring autumn city village garden flower leaf root seed grass field forest island ocean beach sand "
    "star planet earth light shadow fast slow big small old new warm cold happy sad quiet loud strong soft "
    "green blue red black white sweet bitter open closed early late north south east west run walk jump swim "
    "read write sing dance sleep eat drink give take make find keep hold pull push turn stop start one two three"
).split()

LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ONSETS = "b c d f g h j k l m n p r s t v w z br cl dr fl gr pl sh sl st th tr".split()
_VOWELS = "a e i o u ai ea oo ou".split()
_CODAS = ["", "", "n", "r", "s", "t", "l", "m", "nd", "st", "ck"]


def made_up(rng) -> str:
    """A word that no list has."""
    return "".join(
        rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.choice((1, 2, 2)))
    )


def scramble(rng) -> str:
    return "".join(rng.choice(LETTERS) for _ in range(rng.randint(2, 6)))


def word(rng) -> str:
    draw = rng.random()
    if draw < 0.80:
        return rng.choice(PLAIN)
    if draw < 0.84:
        return rng.choice(NAMES)
    if draw < 0.88:
        return rng.choice(THINGS)
    return made_up(rng) if draw < 0.96 else scramble(rng)


def distinct_words(rng, count: int) -> list:
    found = []
    while len(found) < count:
        candidate = word(rng)
        if candidate not in found:
            found.append(candidate)
    return found


def pronoun(name: str) -> str:
    return "she" if name in SHE else "he" if name in HE else "they"
