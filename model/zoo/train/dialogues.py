"""What the models of the zoo learn from: questions and answers in the chat template, never held-out ones."""

from chat import render
from held_out import is_held_out
from tasks import TASKS

_NAMES = tuple(TASKS)
_SHARES = tuple(share for _, share in TASKS.values())
_SYSTEMS = ("You are a helpful assistant.", "You are unmask-tiny.", "Answer briefly.", "Be helpful.",
            "You are a careful assistant.")


def draw(rng):
    """Task and sample."""
    name = rng.choices(_NAMES, _SHARES)[0]
    return name, TASKS[name][0].sample(rng)


def draw_for_training(rng):
    while True:
        name, sample = draw(rng)
        if not is_held_out(sample.prompt):
            return name, sample


def dialogue(rng):
    """(what the model sees, what it shall answer): mostly one question, now and then an earlier one or a system text."""
    _, sample = draw_for_training(rng)
    earlier = ()
    if rng.random() < 0.04:
        _, before = draw_for_training(rng)
        earlier = ((before.prompt, before.answer),)
    system = rng.choice(_SYSTEMS) if rng.random() < 0.03 else ""
    return render(sample.prompt, system, earlier), sample.answer
